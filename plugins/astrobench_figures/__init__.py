"""First-party figures: pictures of what is stored of a suite.

A figure is `f(exhibits) -> Iterator[Sheet]`: it groups the stored cells as it needs, and yields one sheet at a time. It
raises a DataError that says in one line what it draws and what the cells lack, before the first sheet. `astrobench
figures` finds this package by its name: figures have no hook, for no number rests on them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from astrobench import DataError, SuiteError
from astrobench.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from astrobench import Exhibit

FIGURES = {
    "cka": "astrobench_figures.cka:cka",
    "truth": "astrobench_figures.truth:truth",
    "maps": "astrobench_figures.maps:maps",
    "severity": "astrobench_figures.severity:severity",
    "confusion": "astrobench_figures.confusion:confusion",
    "distances": "astrobench_figures.distances:distances",
    "history": "astrobench_figures.history:history",
    "church": "astrobench_figures.church:church",
    "flipped": "astrobench_figures.flipped:flipped",
    "gradcam": "astrobench_figures.gradcam:gradcam",
    "isomap": "astrobench_figures.isomap:isomap",
    "isomap_movie": "astrobench_figures.isomap_movie:isomap_movie",
}
"""Name of a figure → where it is drawn: one file a figure, imported when it is."""


def check(names: Sequence[str]) -> None:
    """Raise SuiteError for a name that no figure has. Imports nothing that draws."""
    for name in names:
        if name not in FIGURES:
            raise SuiteError(f"unknown figure {name!r}{did_you_mean(name, FIGURES)}")


def draw(exhibits: Sequence[Exhibit], names: Sequence[str], keep: Callable[[str, bytes], None]) -> Iterator[str]:
    """Draw the named figures, or all, and give each file's name and bytes to `keep`: a PNG and an SVG a sheet.

    Yields a sentence for each figure that was not asked for by name and that these cells cannot fill.

    Raises: SuiteError for an unknown figure, DataError where the cells lack what a named figure draws, or any.
    """
    check(names)
    faults = []
    for name in dict.fromkeys(names or FIGURES):
        try:
            _draw_one(name, exhibits, keep)
        except DataError as error:
            if names:
                raise
            faults.append(str(error))
    if len(faults) == len(FIGURES):
        raise DataError("; ".join(faults))
    yield from faults


def _draw_one(name: str, exhibits: Sequence[Exhibit], keep: Callable[[str, bytes], None]) -> None:
    from astrobench_figures.sheet import Names, files_of

    module, _, function = FIGURES[name].partition(":")
    names = Names()
    for sheet in getattr(importlib.import_module(module), function)(exhibits):
        stem = names.of(name, sheet)
        for suffix, data in files_of(sheet):
            keep(f"{stem}.{suffix}", data)
