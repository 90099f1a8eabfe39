"""A dataset without the labels of any domain but the source's: all that the process of a training keeps of it."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from astrobench.types import Labelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench.types import Dataset, Unlabelled

UNKNOWN = -1
"""What stands for the label of a test image of another domain: no class, so that a use of it fails."""


def opened_blind(open_it: Callable[[], Dataset], source: str) -> Dataset:
    """Open a dataset and let go of every label but the source's.

    To be called before a method, an architecture or a perturbation is imported: no array, closure or frame of this
    process holds a target label afterwards. Only an oracle's labels can be asked for; the dataset is then opened anew.
    """
    dataset = open_it()
    tests = {name: part if name == source else _blind(part) for name, part in dataset.tests.items()}
    blind = replace(dataset, tests=tests, oracle=None if dataset.oracle is None else _reopened(open_it))
    del dataset, tests
    gc.collect()
    return blind


def _reopened(open_it: Callable[[], Dataset]) -> Callable[[], Labelled]:
    def labelled() -> Labelled:
        oracle = open_it().oracle
        assert oracle is not None  # it had one when it was first opened
        return oracle()

    return labelled


def _blind(part: Labelled | Unlabelled) -> Labelled | Unlabelled:
    if not isinstance(part, Labelled):
        return part
    unknown = np.nan if part.labels.dtype.kind == "f" else UNKNOWN
    return replace(part, labels=np.full_like(part.labels, unknown))
