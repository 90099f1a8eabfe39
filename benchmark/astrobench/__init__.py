"""astrobench: will this network still be right on data it was not trained on?

The public names of the core. Those that need torch are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench.errors import AstrobenchError, DataError, DeviceError, PluginError, StoreError, SuiteError
from astrobench.exhibits import Exhibit
from astrobench.hookspecs import hookimpl
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

__version__ = "0.1.0"

_NEEDS_TORCH = ("Alignment", "Method", "Moment", "Step")

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
    "hookimpl",
    "report",
    "severity",
]


def __getattr__(name: str) -> object:
    if name in _NEEDS_TORCH:
        from astrobench import adaptation

        return getattr(adaptation, name)
    raise AttributeError(f"module 'astrobench' has no attribute {name!r}")
