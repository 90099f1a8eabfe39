"""A photometric zero point that is off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from astrobench import Perturbed, severity

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("offset", "mag", harmless=0.0)
def zeropoint(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    offset: Annotated[float, "[0, 5]"],
    direction: Literal["fainter", "brighter"] = "fainter",
) -> Perturbed:
    """Calibrate with a zero point that is off by so many magnitudes: signal and noise times 10^(∓0.4 · offset)."""
    sign = -1 if direction == "fainter" else 1
    return Perturbed(flux=np.asarray(batch.flux, np.float32) * np.float32(10 ** (sign * 0.4 * offset)))
