"""The same objects in two domains, side by side: what it is that shifts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import DataError, Labelled

from astrobench_figures.colours import diverging, sequential
from astrobench_figures.grouping import few, first_of_each
from astrobench_figures.sheet import Sheet
from astrobench_figures.twins import rows_of, shown_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Dataset, Exhibit
    from matplotlib.figure import Figure

MOST_OBJECTS = 5
PANEL_INCHES = 1.9
CENTRAL = (0.5, 99.5)
"""Percentiles of the shown pixels that the ends of the colours stand for."""


class Gallery(NamedTuple):
    """Images float64 (M, H, W) of the same M objects in two domains, and words for their colours and columns."""

    learned: np.ndarray
    other: np.ndarray
    quantity: str
    change: str
    columns: tuple[str, ...]


def maps(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each dataset and other domain: a few objects by id, learned, other, and the change.

    Raises: DataError where no two domains show the same objects.
    """
    seen: dict[tuple[str, str], Exhibit] = {(one.dataset, one.domain): one for one in reversed(exhibits)}
    found = 0
    for one in reversed(seen.values()):
        gallery = None if one.domain == one.source else _gallery(one)
        if gallery is not None:
            found += 1
            yield _sheet(one, gallery)
    if not found:
        raise DataError("figure 'maps' draws images of equal id in two domains, and no stored dataset has such")


def _sheet(one: Exhibit, gallery: Gallery) -> Sheet:
    size = (PANEL_INCHES * len(gallery.learned) + 1.3, 3 * PANEL_INCHES + 0.8)
    paint = partial(_paint, one=one, gallery=gallery)
    keys = (("dataset", one.dataset_key),)
    labels = (one.dataset, f"{one.source} and {one.domain}")
    return Sheet("The same objects in two domains", labels, (one,), size, paint, keys)


def _gallery(one: Exhibit) -> Gallery | None:
    """Return what a dataset shows of the same objects in its source domain and in this one; None for no such."""
    dataset = one.opened()
    learned, other = dataset.tests[one.source], dataset.tests[one.domain]
    assert isinstance(learned, Labelled)  # it was trained on
    common = np.intersect1d(shown_once(learned.ids), shown_once(other.ids))
    left, right = rows_of(learned.ids, common), rows_of(other.ids, common)
    if not len(common):
        return None
    rows = _spread(learned, left)
    pair = [part.images[chosen] for part, chosen in ((learned, left[rows]), (other, right[rows]))]
    quantity, change = f"log10 of {dataset.bands[0]} [{one.unit}]", f"log10 of {one.domain}/{one.source}"
    if min(float(part[:, 0].min()) for part in pair) > 0:
        shown = [np.log10(part[:, 0].astype(np.float64)) for part in pair]
    else:
        shown = [part.stretch(images)[:, 0] for part, images in zip((learned, other), pair, strict=True)]
        quantity, change = f"{dataset.bands[0]}, stretched", f"{one.domain} less {one.source}"
    truths = _truths(dataset, learned.labels[left[rows]])
    columns = tuple(f"{name}\n{true}" for name, true in zip(common[rows], truths, strict=True))
    return Gallery(shown[0], shown[1], quantity, change, columns)


def _truths(dataset: Dataset, labels: np.ndarray) -> list[str]:
    """Return the label of each image in words: its class, or the value of each target."""
    if dataset.task == "classification":
        return [dataset.classes[label] for label in labels]
    named = [zip(dataset.classes, values, strict=True) for values in labels]
    return [", ".join(f"{name} {value:.2f}" for name, value in pairs) for pairs in named]


def _spread(part: Labelled, rows: np.ndarray) -> np.ndarray:
    """Return indices into `rows` int64 (≤ MOST_OBJECTS,): an image of each of a few objects, evenly spaced."""
    named = part.ids if part.objects is None else part.objects
    return few(first_of_each(np.asarray(named)[rows]), MOST_OBJECTS)


def _paint(figure: Figure, one: Exhibit, gallery: Gallery) -> None:
    panels = figure.subplots(3, len(gallery.learned), squeeze=False, sharex=True, sharey=True)
    low, high = np.percentile([gallery.learned, gallery.other], CENTRAL)
    change = gallery.other - gallery.learned
    most = float(np.percentile(np.abs(change), CENTRAL[1])) or 1.0
    rows = (
        (gallery.learned, f"{one.source} (learned)", sequential(), low, high),
        (gallery.other, f"{one.domain} (other)", sequential(), low, high),
        (change, "change", diverging(), -most, most),
    )
    for row, (images, name, colours, bottom, top) in zip(panels, rows, strict=True):
        for axes, image in zip(row, images, strict=True):
            shown = axes.imshow(image, cmap=colours, vmin=bottom, vmax=top, origin="lower", interpolation="nearest")
        row[0].set_ylabel(f"{name}\ny [pixels]")
        if name == "change":
            figure.colorbar(shown, ax=row, label=gallery.change, extend="both")
        elif images is gallery.other:
            figure.colorbar(shown, ax=panels[:2], label=gallery.quantity, extend="both")
    for column, axes in zip(gallery.columns, panels[0], strict=True):
        axes.set_title(column, fontsize=7.5)
    for axes in panels[-1]:
        axes.set_xlabel("x [pixels]")
