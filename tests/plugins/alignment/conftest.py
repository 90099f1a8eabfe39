"""The inputs of the golden values in galaxies.md §4, computed there in float64 with the original functions."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def hs() -> torch.Tensor:
    """hs[i, j] = sin(1 + i + 0.5 j), float64 (4, 3)."""
    return torch.sin(1 + _rows(4) + 0.5 * _columns(3))


@pytest.fixture
def ht() -> torch.Tensor:
    """ht[i, j] = cos(0.3 i + j), float64 (5, 3)."""
    return torch.cos(0.3 * _rows(5) + _columns(3))


@pytest.fixture
def golden_labels() -> torch.Tensor:
    return torch.tensor([0, 1, 1, 0])


@pytest.fixture
def golden_centres() -> torch.Tensor:
    return torch.tensor([[0.1, 0.2, 0.3], [-0.2, 0.0, 0.4]], dtype=torch.float64)


def _rows(n: int) -> torch.Tensor:
    return torch.arange(n, dtype=torch.float64)[:, None]


def _columns(n: int) -> torch.Tensor:
    return torch.arange(n, dtype=torch.float64)[None, :]
