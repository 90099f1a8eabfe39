"""astrobench: will this network still be right on data it was not trained on?

The public names of the core. Those that need torch, processes or the cache are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from astrobench.errors import (
    AstrobenchError,
    DataError,
    DeviceError,
    NoLabelsError,
    PluginError,
    StoreError,
    SuiteError,
)
from astrobench.exhibits import Exhibit
from astrobench.hookspecs import hookimpl
from astrobench.needs import needs
from astrobench.progress import report
from astrobench.seeds import Streams
from astrobench.severities import severity
from astrobench.types import (
    Batch,
    Dataset,
    Labelled,
    Observation,
    Output,
    Perturbed,
    Prediction,
    Regression,
    Score,
    Unlabelled,
)

if TYPE_CHECKING:
    from astrobench.adaptation import Alignment, Method, Moment, Step
    from astrobench.arrays import exact_float32, open_npy
    from astrobench.caching import cache_folder, cannot_keep, cannot_read, need_room, set_aside, sha256_of
    from astrobench.contents import content_digest
    from astrobench.pairing import paired_rows
    from astrobench.parallel import cores, in_parallel
    from astrobench.similarity import minibatch_cka, u_center
    from astrobench.statistics import paired_difference

__version__ = "0.1.0"

_LATER = {
    **dict.fromkeys(("Alignment", "Method", "Moment", "Step"), "astrobench.adaptation"),
    **dict.fromkeys(("exact_float32", "open_npy"), "astrobench.arrays"),
    **dict.fromkeys(
        ("cache_folder", "cannot_keep", "cannot_read", "need_room", "set_aside", "sha256_of"), "astrobench.caching"
    ),
    "content_digest": "astrobench.contents",
    **dict.fromkeys(("cores", "in_parallel"), "astrobench.parallel"),
    **dict.fromkeys(("minibatch_cka", "u_center"), "astrobench.similarity"),
    "paired_difference": "astrobench.statistics",
    "paired_rows": "astrobench.pairing",
}
"""Public names that are loaded on first use, by the room that they stand in."""

__all__ = [
    "Alignment",
    "AstrobenchError",
    "Batch",
    "DataError",
    "Dataset",
    "DeviceError",
    "Exhibit",
    "Labelled",
    "Method",
    "Moment",
    "NoLabelsError",
    "Observation",
    "Output",
    "Perturbed",
    "PluginError",
    "Prediction",
    "Regression",
    "Score",
    "Step",
    "StoreError",
    "Streams",
    "SuiteError",
    "Unlabelled",
    "cache_folder",
    "cannot_keep",
    "cannot_read",
    "content_digest",
    "cores",
    "exact_float32",
    "hookimpl",
    "in_parallel",
    "minibatch_cka",
    "need_room",
    "needs",
    "open_npy",
    "paired_difference",
    "paired_rows",
    "report",
    "set_aside",
    "severity",
    "sha256_of",
    "u_center",
]


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'astrobench' has no attribute {name!r}")
