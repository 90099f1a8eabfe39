"""The linear matter power spectrum at redshift 0: Eisenstein & Hu without wiggles."""

from __future__ import annotations

import numpy as np

BARYONS, HUBBLE, TILT, TEMPERATURE = 0.049, 0.6711, 0.9624, 2.7255
"""Ω_b, h, n_s of CAMELS, and the temperature of the microwave background in K."""


def linear_power(k: np.ndarray, omega_m: float, sigma_8: float) -> np.ndarray:
    """Return P(k) in (Mpc/h)³ at wavenumbers k in h/Mpc, above 0, with the variance of σ₈² in spheres of 8 Mpc/h.

    Source: Eisenstein & Hu 1998 (ApJ 496, 605), equations 26, 28-31.
    """
    return _shape(k, omega_m) * (sigma_8**2 / _variance(omega_m, 8.0))


def _shape(k: np.ndarray, omega_m: float) -> np.ndarray:
    matter, baryons, share = omega_m * HUBBLE**2, BARYONS * HUBBLE**2, BARYONS / omega_m
    horizon = 44.5 * np.log(9.83 / matter) / np.sqrt(1 + 10 * baryons**0.75)  # Mpc
    alpha = 1 - 0.328 * np.log(431 * matter) * share + 0.38 * np.log(22.3 * matter) * share**2
    gamma = omega_m * HUBBLE * (alpha + (1 - alpha) / (1 + (0.43 * k * HUBBLE * horizon) ** 4))
    q = k * (TEMPERATURE / 2.7) ** 2 / gamma
    top = np.log(2 * np.e + 1.8 * q)
    transfer = top / (top + (14.2 + 731 / (1 + 62.5 * q)) * q**2)
    return np.asarray(k**TILT * transfer**2)


def _variance(omega_m: float, radius: float) -> float:
    k = np.geomspace(1e-4, 50, 4096)
    x = k * radius
    window = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    return float(np.trapezoid(k**3 * _shape(k, omega_m) * window**2, np.log(k)) / (2 * np.pi**2))
