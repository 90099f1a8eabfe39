"""The values that pass between the engine and its plugins. No torch here: these load fast and travel far.

Axes, the same letters everywhere: N images, B batch, C bands, H rows, W columns, F latent features, K outputs,
L layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from astrobench.errors import NoLabelsError

if TYPE_CHECKING:
    import numpy as np
    import torch

Stretch = Callable[["np.ndarray"], "np.ndarray"]
"""Flux → network input: float32 (…, C, H, W) to float32 of the same shape. Picklable, and pure."""

Task = Literal["classification", "regression"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True, eq=False)
class Observation:
    """How images were taken, for perturbations that act on flux.

    years: exposure in survey years. sky: mean sky in e⁻/pixel per band at that exposure, already subtracted
    from the images. scene: float32 (N, C, H, W), the noiseless source in e⁻ at that exposure (PSF applied), or
    None where nobody knows it. gain: e⁻ per unit of flux at that exposure; images are calibrated, so it grows with
    the exposure while the flux of a galaxy stays; 1 where the unit of the images is e⁻.
    """

    years: float
    sky: tuple[float, ...]
    scene: np.ndarray | None = None
    gain: float = field(kw_only=True)


@dataclass(frozen=True, eq=False)
class Unlabelled:
    """Images without labels: all that a method may see of a target domain.

    images: float32 (N, C, H, W), flux in `Dataset.unit`; may be a read-only memory map. ids: str (N,), the
    object each image shows; the same id in two domains is the same galaxy, and an id that stands twice in one domain
    names several images of one galaxy, which have one label. stretch: flux → network input. objects:
    str (N,), what several images of one set show (flips, views of one galaxy), or None where each shows its own.
    """

    images: np.ndarray
    ids: np.ndarray
    stretch: Stretch
    observation: Observation | None = None
    objects: np.ndarray | None = field(default=None, kw_only=True)


@dataclass(frozen=True, eq=False)
class Labelled(Unlabelled):
    """Images with labels: int64 (N,) class indices, or float32 (N, P) targets of a `Regression` in units of their own.

    A target that is not known of a test image is NaN.
    """

    labels: np.ndarray = field(kw_only=True)


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a dataset plugin returns. tests: domain name → test set, source domain first.

    A test set is `Labelled`, or `Unlabelled` where nobody knows a label of the domain: its images are predicted and the
    predictions written beside the leaderboard, and what needs labels is not measured there. The source's is labelled.

    pixel_scale: arcsec a pixel along both axes, as the images are now: a crop leaves it, a resize divides it by the
    factor. None where it is unknown, where it differs between images or axes, and where images are not of the sky.
    oracle: opens the *labelled* target training set. The engine calls it only for a method marked as an
    oracle, so that target labels do not exist for any other. notes: sentences for whoever reads the numbers, such as
    how many rows of a catalogue are left out and why; shown by `plan` and `run`.
    """

    train: Labelled
    valid: Labelled
    target: Unlabelled
    tests: Mapping[str, Labelled | Unlabelled]
    unit: str
    pixel_scale: float | None
    bands: tuple[str, ...]
    classes: tuple[str, ...]
    licence: str
    citation: str
    synthetic: bool
    oracle: Callable[[], Labelled] | None = None
    notes: tuple[str, ...] = ()
    task: ClassVar[Task] = "classification"

    @property
    def source(self) -> str:
        """The domain that `train` and `valid` are of: the first of `tests`."""
        return next(iter(self.tests))


@dataclass(frozen=True, eq=False, kw_only=True)
class Regression(Dataset):
    """A dataset whose labels are numbers, learned as posterior means and standard deviations by the moment loss.

    classes: names of the P targets. ranges: low and high end of each in the units of the labels; a network learns
    fractions of them. It has 2P outputs: P means, and P roots of standard deviations. A plugin that returns one says
    so, `-> Regression`: a plan then refuses methods that need classes, without opening it.
    """

    ranges: tuple[tuple[float, float], ...]
    task: ClassVar[Task] = "regression"


class Output(NamedTuple):
    """What a network returns: latent float32 (B, F) and logits float32 (B, K); of a regression K is 2P."""

    latent: torch.Tensor
    logits: torch.Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """What a perturbation is given: one whole test set of one domain.

    flux: float32 (N, C, H, W) in `unit`. inputs: torch float32 (N, C, H, W), the stretched flux, on the
    model's device. labels: int64 (N,), or None for a target domain. limits: the lowest and highest input value
    that the source training set reaches. pixel_scale: as in `Dataset`, None where it is unknown. Arrays are
    read-only: work on a copy, `flux = batch.flux.copy()`. Tensors are the perturbation's own. A perturbation that
    leaves the network changed fails.
    """

    flux: np.ndarray
    inputs: torch.Tensor
    labels: np.ndarray | None
    ids: np.ndarray
    stretch: Stretch
    observation: Observation | None
    unit: str
    pixel_scale: float | None
    bands: tuple[str, ...]
    limits: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Perturbed:
    """What a perturbation returns: exactly one of `flux` (it acted on flux) or `inputs` (on network inputs).

    rows: int64 (M,), which images of the batch are returned, in their order, each once, counted from 0; None means all
    of them. facts: per-image arrays of finite numbers, first axis M, stored with the prediction (success, generations,
    queries, …); a name is letters, digits and "_", begins with a letter, and has at most 64 of them.
    """

    flux: np.ndarray | None = None
    inputs: torch.Tensor | None = None
    rows: np.ndarray | None = None
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network said of one domain under one perturbation, as stored, with the truth beside it.

    ids: str (N,). latent: float32 (N, F). logits: float32 (N, K); of a regression float32 (N, 2P), P posterior means
    and P standard deviations in the units of the labels. labels: int64 (N,) or float32 (N, P); given as None where the
    domain has none, and reading them then raises NoLabelsError, so that nothing is computed of labels that are not
    there: `labelled` says whether they are. ranges: low and high end of each target of a regression.
    facts: per-image arrays from the perturbation. grams: float64 (L, nb, n, n), the Gram matrix of each CKA
    layer on nb batches of n images, features centred over the batch; None where they were not asked for. gram_rows:
    int64 (nb, n), which images those are; None for the first nb·n, in order. layers: their names. objects: str (N,),
    as in `Unlabelled`. rows: int64 (N,), which images of the domain's test set these are, each once. test_set: names
    that test set, so that two predictions of equal test_set show one image where they have one row. test_size: how many
    images it has; fewer are predicted where a perturbation returned some. The three are None, "" and None in a
    prediction that no cell stands behind. Match images with `astrobench.paired_rows`: ids alone may repeat.
    A metric is given arrays and facts that are read-only.
    """

    ids: np.ndarray
    latent: np.ndarray
    logits: np.ndarray
    labels: np.ndarray = field(repr=False)
    classes: tuple[str, ...]
    task: Task = "classification"
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)
    grams: np.ndarray | None = None
    layers: tuple[str, ...] = ()
    objects: np.ndarray | None = None
    ranges: tuple[tuple[float, float], ...] = ()
    gram_rows: np.ndarray | None = None
    rows: np.ndarray | None = None
    test_set: str = ""
    test_size: int | None = None

    def __post_init__(self) -> None:
        if self.labels is None:
            object.__delattr__(self, "labels")  # so that no comparison takes None for a label

    def __getattr__(self, name: str) -> Any:
        if name == "labels":
            raise NoLabelsError("the images of this domain have no labels; `Prediction.labelled` says whether they do")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def labelled(self) -> bool:
        """Say whether the labels of these images are known."""
        return "labels" in vars(self)


@dataclass(frozen=True)
class Score:
    """One number of one cell. se: standard error over the images of this cell; n: images, or pairs, it rests on.

    Several images of one object count one by one in n.
    interval: the ends of its 95 % interval over those images, where the metric gives one. value may be NaN, then
    note says why ("no image was flipped").
    """

    value: float
    unit: str = ""
    better: Better | None = None
    se: float | None = None
    n: int | None = None
    note: str = ""
    interval: tuple[float, float] | None = None
