"""Maps and parameters that a test can tell apart."""

from __future__ import annotations

import numpy as np

SIDE = 8


def maps_of(simulations: int, seed: int) -> np.ndarray:
    """Return positive maps float32 (15·S, 8, 8), map m of a level of its own."""
    noise = np.random.default_rng(seed).uniform(0.5, 1.5, (15 * simulations, SIDE, SIDE))
    return (noise * 10 ** (4 + np.arange(len(noise)) % 7 / 10)[:, None, None]).astype(np.float32)


def parameters_of(simulations: int) -> np.ndarray:
    """Return parameters (S, 6) whose columns differ: Omega_m grows with the simulation's number."""
    return np.linspace(0.1, 0.5, simulations)[:, None] * np.array([1, 2, 3, 4, 5, 6.0]) + [0, 0.2, 0, 0, 0, 0]
