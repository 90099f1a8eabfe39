"""Correlation alignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench import Alignment

if TYPE_CHECKING:
    import torch


def coral(features: int, outputs: int, *, weight: float = 1.0) -> Alignment:
    """Align the covariances of the latents (Deep CORAL): ‖C_s − C_t‖²_F / 4F².

    Blind to a difference of means; 0 for identical batches. Both covariances are unbiased, each with its own
    batch's size. The variant of DeepMerge II's code, without the 4, is this one at weight 4.

    Source: Sun & Saenko 2016, arXiv 1607.01719, Eq. 1.
    """
    return Alignment(covariance_distance, weight, "coral")


def covariance_distance(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return ‖C_s − C_t‖²_F / 4F², a scalar, of source float (n, F) and target float (m, F)."""
    return (_covariance(source) - _covariance(target)).square().mean() / 4


def _covariance(latent: torch.Tensor) -> torch.Tensor:
    centred = latent - latent.mean(dim=0)
    return centred.T @ centred / max(len(latent) - 1, 1)
