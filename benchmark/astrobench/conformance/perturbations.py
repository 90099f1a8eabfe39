"""A perturbation: images of the same shape, the same for the same stream, and nothing else changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import nn

from astrobench.conformance.rules import BrokenError, Case, SkippedError, expect
from astrobench.conformance.seeding import same, seeded
from astrobench.conformance.skies import TinyNetwork, batch
from astrobench.errors import PluginError
from astrobench.seeds import Streams
from astrobench.stages.facts import facts_of
from astrobench.stages.readonly import COPY, wrote_to_read_only
from astrobench.stages.returned import check_facts, checked_rows
from astrobench.types import Batch, Perturbed

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench.needs import Facts

Taken = TypeVar("Taken")


@dataclass(frozen=True, eq=False)
class Subject:
    """A perturbation, and what it makes of a tiny batch."""

    case: Case

    @cached_property
    def model(self) -> nn.Module:
        """A tiny network in evaluation mode."""
        with seeded(0):
            return TinyNetwork().eval()

    @cached_property
    def batch(self) -> Batch:
        """A tiny batch with labels."""
        return batch(self.model)

    def of(self, given: Batch) -> Perturbed:
        """Perturb a batch, always from the same streams."""
        try:
            with seeded(0):
                changed: Perturbed = self.case.call(given, self.model, Streams("conformance"))
        except ValueError as error:
            expect(not wrote_to_read_only(error), f"it writes to its batch ({error}): {COPY}")
            raise
        return changed

    @cached_property
    def perturbed(self) -> Perturbed:
        """What it makes of the batch."""
        return self.of(self.batch)


def images_of(changed: Perturbed) -> np.ndarray:
    """Return the images that a perturbation gave, whichever space it acted in."""
    if changed.inputs is not None:
        return changed.inputs.detach().cpu().numpy()
    return np.asarray(changed.flux)


def it_returns_flux_or_inputs(subject: Subject) -> str:
    """It returns astrobench.Perturbed with exactly one of flux and inputs."""
    changed = subject.perturbed
    expect(isinstance(changed, Perturbed), f"it returns {type(changed).__name__}, expected astrobench.Perturbed")
    both = (changed.flux is None) == (changed.inputs is None)
    expect(not both, "it returns both or none of flux and inputs, expected exactly one")
    return "acts on network inputs" if changed.flux is None else "acts on flux"


def its_rows_name_images(subject: Subject) -> str:
    """`rows` are indices of images of the batch, ascending, each once; None means all."""
    if subject.perturbed.rows is None:
        return "all images"
    n = len(subject.batch.ids)
    rows = _taken(lambda: checked_rows(subject.perturbed.rows, n, "it"))
    expect(bool((np.diff(rows) > 0).all()), "rows are not ascending")
    return f"{len(rows)} of {n} images"


def its_images_keep_their_shape(subject: Subject) -> None:
    """Images are finite float32 (M, C, H, W) of the batch's shape."""
    rows, flux = subject.perturbed.rows, subject.batch.flux
    expected = (len(flux) if rows is None else len(rows), *flux.shape[1:])
    images = images_of(subject.perturbed)
    expect(images.shape == expected, f"images are {images.shape}, expected {expected}")
    expect(images.dtype == np.float32, f"images are {images.dtype}, expected float32")
    expect(bool(np.isfinite(images).all()), "images have NaN or infinite pixels")


def its_facts_have_one_row_per_image(subject: Subject) -> str:
    """Every fact has a plain name, and is a finite numeric array whose first axis is that of the returned images."""
    _taken(lambda: check_facts(subject.perturbed.facts, len(images_of(subject.perturbed)), "it"))
    return ", ".join(subject.perturbed.facts) or "no facts"


def _taken(check: Callable[[], Taken]) -> Taken:
    """Return what a check of the engine's own returns; what it refuses breaks the rule in the same words."""
    try:
        return check()
    except PluginError as refusal:
        raise BrokenError(str(refusal)) from None


def it_is_deterministic(subject: Subject) -> None:
    """The same streams give the same images and facts bit for bit."""
    again = subject.of(subject.batch)
    expect(np.array_equal(images_of(again), images_of(subject.perturbed)), "the same streams give other images")
    facts = subject.perturbed.facts
    equal = [np.array_equal(again.facts[name], fact, equal_nan=fact.dtype.kind == "f") for name, fact in facts.items()]
    expect(all(equal), "the same streams give other facts")


def an_image_does_not_depend_on_the_others(subject: Subject) -> None:
    """The batch in another order gives the same images in that order, to the rounding of a network's gradients."""
    order = np.arange(len(subject.batch.ids))[::-1].copy()
    found = subject.of(reordered(subject.batch, order))
    rows = order if found.rows is None else order[found.rows]
    back = np.argsort(rows)
    expected = images_of(subject.perturbed)
    got = images_of(found)[back]
    if got.shape != expected.shape or not np.allclose(got, expected, rtol=1e-3, atol=1e-4, equal_nan=True):
        raise SkippedError("draws depend on the order of the images; rng.of(id) would make each image's its own")


def reordered(given: Batch, order: np.ndarray) -> Batch:
    """Return a batch in another order."""
    seen = given.observation
    scene = None if seen is None or seen.scene is None else seen.scene[order]
    return replace(
        given,
        flux=given.flux[order],
        inputs=given.inputs[torch.from_numpy(order)],
        labels=None if given.labels is None else given.labels[order],
        ids=given.ids[order],
        observation=None if seen is None else replace(seen, scene=scene),
    )


def it_changes_nothing_in_place(subject: Subject) -> None:
    """Batch, weights and mode of the model stay as they were."""
    given, state = batch(subject.model), {k: v.clone() for k, v in subject.model.state_dict().items()}
    flux, inputs = given.flux.copy(), given.inputs.clone()
    subject.of(given)
    expect(np.array_equal(flux, given.flux) and torch.equal(inputs, given.inputs), "it changes the batch in place")
    expect(same(state, subject.model.state_dict()), "it changes the network's weights or statistics")
    expect(not subject.model.training, "it leaves the network in training mode")


def it_works_without_labels(subject: Subject) -> None:
    """A target domain has no labels: the perturbation still works."""
    subject.of(batch(subject.model, labelled=False))


def it_declares_what_it_needs(subject: Subject) -> str:
    """It works without what astrobench.needs does not declare, so that a run is refused before it trains."""
    declared, params = subject.case.plugin.signature.needs, subject.case.params
    unneeded = [fact for fact in POORER if not declared.unmet(params, known_of(POORER[fact](subject.batch), fact))]
    poorest = subject.batch
    for fact in unneeded:
        poorest = POORER[fact](poorest)
    try:
        subject.of(poorest)
    except Exception as error:
        lacked = " or ".join(map(repr, unneeded))
        expect(False, f"it raises {type(error).__name__}: {error}; without {lacked}: declare it by astrobench.needs")
    return ", ".join(declared.facts) or "nothing"


def _without_scene(given: Batch) -> Batch:
    return replace(given, observation=given.observation and replace(given.observation, scene=None))


POORER: dict[str, Callable[[Batch], Batch]] = {
    "scene": _without_scene,
    "observation": lambda given: replace(given, observation=None),
    "pixel_scale": lambda given: replace(given, pixel_scale=float("nan")),
    "classes": lambda given: replace(given, labels=given.flux[:, 0, :2, 0]),
}
"""What takes a fact from a batch, as a dataset that lacks it would give it."""


def known_of(given: Batch, taken: str) -> Facts:
    """Return the facts of a batch from which one was taken."""
    side = min(given.flux.shape[2:])
    return facts_of(given.observation, given.pixel_scale, side, classes=taken != "classes")


RULES = (
    it_returns_flux_or_inputs,
    its_rows_name_images,
    its_images_keep_their_shape,
    its_facts_have_one_row_per_image,
    it_is_deterministic,
    an_image_does_not_depend_on_the_others,
    it_changes_nothing_in_place,
    it_works_without_labels,
    it_declares_what_it_needs,
)
