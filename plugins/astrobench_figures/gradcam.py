"""Grad-CAM: where in an image the evidence for the predicted class lies, for the twins of the same galaxies.

Source: Selvaraju et al. 2017, arXiv 1610.02391; as in DeepMerge II (Ćiprijanović et al. 2021, arXiv 2103.01373).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from astrobench import DataError
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from torch import nn

from astrobench_figures.block import block
from astrobench_figures.grouping import few
from astrobench_figures.marks import KEY_INCHES, above_key, class_patches
from astrobench_figures.pictures import strip_of
from astrobench_figures.sheet import Sheet, those_drawn
from astrobench_figures.twins import cells_of, flipped_by_all, keys_of, labels_of, none_flipped, rivals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit
    from matplotlib.figure import Figure

    from astrobench_figures.pictures import Strip
    from astrobench_figures.twins import Twins

MOST_GALAXIES, MOST_METHODS = 4, 2
PANEL_INCHES = 1.45
NOTHING = 1e-10  # added to the largest value: a map of nothing stays one
COLOURS, OPACITY = "inferno", 0.5

Maps = tuple[np.ndarray, np.ndarray, np.ndarray]


def gradcam(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each seed: Grad-CAM of the same few galaxies, a block a method.

    Raises: DataError where no attack on pixels flipped a galaxy under every method, or a network has no convolution.
    """
    shown = ((rivals, few(flipped_by_all(rivals), MOST_GALAXIES)) for rivals in rivals_of(exhibits, MOST_METHODS))
    makers = (partial(_sheet, rivals, ids) for rivals, ids in shown if len(ids))
    yield from those_drawn(makers, partial(none_flipped, "gradcam", exhibits))


def class_activation(network: nn.Module, images: np.ndarray) -> np.ndarray | None:
    """Return Grad-CAM float64 (M, h, w) in [0, 1] of stretched images float32 (M, C, H, W).

    Of the last convolution that runs, as it comes out of it: w_c is the mean over space of the gradient of the
    predicted class's logit, before the softmax, and the map max(0, mean_c w_c a_c) over its maximum + 1e-10. None for
    a network without a convolution of images. The network must be in eval mode, where no image sees another.
    """
    ran: list[torch.Tensor] = []

    def keep(module: nn.Module, given: tuple[torch.Tensor, ...], gave: torch.Tensor) -> torch.Tensor:
        ran.append(gave)
        return gave.clone()  # for what acts in place after it

    handles = [one.register_forward_hook(keep) for one in network.modules() if isinstance(one, nn.Conv2d)]
    try:
        with torch.enable_grad():
            logits = network(torch.from_numpy(np.array(images, np.float32)).requires_grad_()).logits
            if not ran:
                return None
            (gradient,) = torch.autograd.grad(logits.max(1).values.sum(), ran[-1])
    finally:
        for handle in handles:
            handle.remove()
    weights = gradient.double().mean((2, 3), keepdim=True)
    found = (weights * ran[-1].detach().double()).mean(1).relu()
    return np.asarray((found / (found.amax((1, 2), keepdim=True) + NOTHING)).numpy())


def _sheet(rivals: tuple[Twins, ...], ids: np.ndarray) -> Sheet:
    strips = [strip_of(twins, ids) for twins in rivals]
    maps = [_maps(twins, strip) for twins, strip in zip(rivals, strips, strict=True)]
    columns = max(len(rivals) * len(ids), 4)
    size = (PANEL_INCHES * columns + 1.4, 3 * (PANEL_INCHES + 0.2) + 0.7 + KEY_INCHES)
    paint = partial(_paint, rivals=rivals, ids=ids, strips=strips, maps=maps)
    cells = cells_of(rivals)
    return Sheet("Grad-CAM of the predicted class", labels_of(rivals), cells, size, paint, keys_of(cells))


def _maps(twins: Twins, strip: Strip) -> Maps:
    network = twins.cells.learned.network()
    learned, other, attacked = (class_activation(network, images) for images in strip.images)
    if learned is None or other is None or attacked is None:
        name = twins.cells.learned.architecture
        raise DataError(f"figure 'gradcam' draws the last convolution of a network, and {name!r} has none")
    return learned, other, attacked


def _paint(figure: Figure, rivals: tuple[Twins, ...], ids: np.ndarray, strips: list[Strip], maps: list[Maps]) -> None:
    top = above_key(figure, class_patches(rivals[0].said[0].classes))
    wide = len(ids) * PANEL_INCHES
    parts: Any = top.subfigures(1, len(rivals) + 1, width_ratios=[*[wide] * len(rivals), 1.0])
    for part, twins, strip, heats in zip(parts, rivals, strips, maps, strict=False):
        part.suptitle(twins.cells.learned.method, fontsize=11)
        block(part.subplots(3, len(ids), squeeze=False), twins, ids, strip, 7.5, partial(_heated, heats))
    axes = parts[-1].add_axes((0.1, 0.15, 0.18, 0.7))
    label = "evidence for the predicted class [1 = most in the image]"
    figure.colorbar(ScalarMappable(cmap=COLOURS), cax=axes).set_label(label, fontsize=8)


def _heated(heats: Maps, row: int, column: int, picture: np.ndarray) -> np.ndarray:
    return under(picture, heats[row][column])


def under(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return a picture float64 (H, W, 3) with a map (h, w) laid over it, as colours, drawn out bilinearly."""
    drawn = nn.functional.interpolate(torch.from_numpy(heat)[None, None], picture.shape[:2], mode="bilinear")
    colours = colormaps[COLOURS](drawn[0, 0].numpy())[..., :3]
    return np.asarray((1 - OPACITY) * picture + OPACITY * colours)
