"""Images in Fourier space, padded with empty sky so that nothing wraps around an edge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import fft


class Frequencies(NamedTuple):
    """Cycles per pixel on the padded grid: rows float64 (H', 1), columns float64 (1, W' // 2 + 1). shape: (H', W')."""

    rows: np.ndarray
    columns: np.ndarray
    shape: tuple[int, int]


def frequencies(height: int, width: int, margin: int) -> Frequencies:
    """Return the frequencies of images (…, height, width) that are padded by at least `margin` pixels."""
    padded = fft.next_fast_len(height + margin, real=True), fft.next_fast_len(width + margin, real=True)
    return Frequencies(fft.fftfreq(padded[0])[:, None], fft.rfftfreq(padded[1])[None], padded)


def filtered(images: np.ndarray, transfer: np.ndarray, grid: Frequencies) -> np.ndarray:
    """Return images float32 (…, H, W) multiplied by a transfer function, complex or real (…, H', W' // 2 + 1)."""
    height, width = images.shape[-2:]
    spectrum = fft.rfft2(images.astype(np.float32, copy=False), grid.shape)
    spectrum *= transfer.astype(np.complex64 if np.iscomplexobj(transfer) else np.float32)
    whole: np.ndarray = fft.irfft2(spectrum, grid.shape)
    return whole[..., :height, :width]
