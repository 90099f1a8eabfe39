"""A maker of small predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable


def make(ids=None, latent=None, logits=None, labels=None, classes=("a", "b", "c"), **rest) -> Prediction:
    """Return a prediction in which only what a test is about needs saying; ids default to i00, i01, …"""
    given = [len(part) for part in (ids, latent, logits, labels) if part is not None]
    n = given[0] if given else 0
    return Prediction(
        ids=np.array([f"i{k:02}" for k in range(n)] if ids is None else ids, dtype=str),
        latent=np.zeros((n, 2), np.float32) if latent is None else np.asarray(latent, np.float32),
        logits=np.zeros((n, len(classes)), np.float32) if logits is None else np.asarray(logits, np.float32),
        labels=np.zeros(n, np.int64) if labels is None else np.asarray(labels),
        classes=classes,
        **rest,
    )


@pytest.fixture(scope="session")
def prediction() -> Callable[..., Prediction]:
    """Return the maker, of which hypothesis may take as many examples as it likes."""
    return make
