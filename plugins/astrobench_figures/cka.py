"""How alike a network's layers are on the domain it learned and on another: matrices, difference and eigenvalues."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError, minibatch_cka
from matplotlib.ticker import MaxNLocator

from astrobench_figures.colours import LEARNED, OTHER, diverging, sequential
from astrobench_figures.grouping import pairs_of
from astrobench_figures.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit, Prediction
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from astrobench_figures.grouping import Pair

FEWEST_IMAGES = 4  # a batch: what `astrobench.minibatch_cka` asks for
INCHES_A_LAYER, FEWEST_INCHES = 0.19, 3.3


def cka(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each network and other domain: both CKA matrices, their difference and their eigenvalues.

    Raises: DataError where no cell of these has Gram matrices on both domains.
    """
    found = 0
    for pair in pairs_of(exhibits):
        learned, other = pair.learned.predicted(), pair.other.predicted()
        if _comparable(learned) and _comparable(other) and learned.layers == other.layers:
            found += 1
            yield _sheet(pair, learned, other)
    if not found:
        raise DataError(
            "figure 'cka' draws CKA between layers, and no stored cell has Gram matrices of at least"
            f" {FEWEST_IMAGES} images on its own and on another domain; set predict.cka_images and run again"
        )


def _comparable(prediction: Prediction) -> bool:
    grams = prediction.grams
    return grams is not None and bool(prediction.layers) and grams.shape[1] > 0 and grams.shape[-1] >= FEWEST_IMAGES


def _sheet(pair: Pair, learned: Prediction, other: Prediction) -> Sheet:
    matrices = [minibatch_cka(np.asarray(one.grams, np.float64)) for one in (learned, other)]
    side = max(FEWEST_INCHES, INCHES_A_LAYER * len(learned.layers) + 1.2)
    paint = partial(_paint, pair=pair, layers=learned.layers, matrices=matrices)
    return Sheet("CKA between layers", pair.labels, tuple(pair), (2.35 * side, 2 * side), paint)


def _paint(figure: Figure, pair: Pair, layers: tuple[str, ...], matrices: list[np.ndarray]) -> None:
    panels = figure.subplots(2, 2)
    names = f"{pair.learned.domain} (learned)", f"{pair.other.domain} (other)"
    for axes, matrix, name in zip(panels[0], matrices, names, strict=True):
        image = axes.imshow(matrix, cmap=sequential(), vmin=0, vmax=1)
        _layers(axes, layers, f"{name}: mean off the diagonal {_off_diagonal(matrix):.2f}")
        extend = "min" if np.nanmin(matrix, initial=0) < 0 else "neither"
        figure.colorbar(image, ax=axes, label="debiased linear CKA", shrink=0.9, extend=extend)
    change = matrices[1] - matrices[0]
    most = max(float(np.nanmax(np.abs(change), initial=0)), 0.05)
    image = panels[1, 0].imshow(change, cmap=diverging(), vmin=-most, vmax=most)
    _layers(panels[1, 0], layers, f"{pair.other.domain} less {pair.learned.domain}: mean {_off_diagonal(change):+.2f}")
    figure.colorbar(image, ax=panels[1, 0], label="difference of CKA", shrink=0.9)
    _eigenvalues(panels[1, 1], names, matrices)


def _layers(axes: Axes, layers: tuple[str, ...], title: str) -> None:
    axes.set_xticks(range(len(layers)), layers, rotation=90, fontsize=7)
    axes.set_yticks(range(len(layers)), layers, fontsize=7)
    axes.set_title(title, fontsize=9)


def _eigenvalues(axes: Axes, names: tuple[str, str], matrices: list[np.ndarray]) -> None:
    for matrix, name, colour, mark in zip(matrices, names, (LEARNED, OTHER), ("o-", "^--"), strict=True):
        if not np.isfinite(matrix).all():
            axes.plot([], [], mark, color=colour, label=f"{name}: a layer is constant")
            continue
        values = np.linalg.eigvalsh(matrix)[::-1]
        label = f"{name}: effective rank {_effective_rank(values):.2f}"
        axes.plot(range(1, len(values) + 1), values, mark, color=colour, markersize=4, label=label)
    axes.set_yscale("log")
    axes.set_xlabel("eigenvalue, in order of size")
    axes.set_ylabel("eigenvalue of the CKA matrix")
    axes.set_title(f"Eigenvalues (sum: {len(matrices[0])} layers)", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.22)  # room for the legend above the first eigenvalue
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper right")


def _effective_rank(values: np.ndarray) -> float:
    """Return exp of the entropy of the eigenvalues, 1 where all layers are alike (Roy & Vetterli 2007)."""
    shares = values[values > 0] / values[values > 0].sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _off_diagonal(matrix: np.ndarray) -> float:
    above = matrix[np.triu_indices(len(matrix), k=1)]
    known = above[np.isfinite(above)]
    return float(known.mean()) if len(known) else float("nan")
