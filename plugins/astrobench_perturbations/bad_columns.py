"""Columns that are not read out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, needs, severity

from astrobench_perturbations.detector import blinded, drawn

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("fraction", "of columns", harmless=0.0)
@needs("observation")
def bad_columns(batch: Batch, model: nn.Module, rng: Streams, *, fraction: Annotated[float, "[0, 1]"]) -> Perturbed:
    """Let each column be dead with a chance of `fraction`, in every band at once: all its pixels count 0 e⁻.

    Sky is subtracted as elsewhere, so a bad column is a line of minus the mean sky. Nothing masks or mends it.

    Facts: columns: int64 (N,), how many are bad.

    Raises DataError for a dataset that does not say how it was observed.
    """
    bad = drawn(batch, rng, (1, batch.flux.shape[3]), fraction)
    return Perturbed(flux=blinded(batch, bad, "bad_columns"), facts={"columns": bad.sum((1, 2)).astype(np.int64)})
