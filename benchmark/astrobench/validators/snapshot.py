"""What a validator is given, and the function behind its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astrobench.rules import VALIDATORS

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a network said at one epoch. There is no field for target labels.

    Source: images of the source validation set, latent float64 (N, F), logits float64 (N, K), labels int64 (N,).
    Target: images of the unlabelled target training set, latent float64 (M, F), logits float64 (M, K).
    """

    source_latent: np.ndarray
    source_logits: np.ndarray
    source_labels: np.ndarray
    target_latent: np.ndarray
    target_logits: np.ndarray


Validator = Callable[[Snapshot], float]
"""Higher is better; NaN where the snapshot cannot tell."""


def validator(name: str) -> Validator:
    """Return the function behind a name of `rules.VALIDATORS`."""
    module, _, function = VALIDATORS[name].partition(":")
    found: Validator = getattr(importlib.import_module(module), function)
    return found
