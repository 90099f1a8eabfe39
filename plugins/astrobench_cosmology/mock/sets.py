"""Which parameters and which initial conditions each synthetic simulation has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astrobench import Streams

from astrobench_cosmology.cmd_files import PARAMETERS, RANGES

RECIPES = ("A", "B")
FIDUCIAL = (0.3, 0.8, 1.0, 1.0, 1.0, 1.0)
FIXED = 27
"""Simulations of the set CV, as in CMD."""


@dataclass(frozen=True)
class Recipe:
    """What a draw depends on. simulations: of the training set, a recipe. tests: of PAIRS. pixels: a map's side.

    training: LH, or SHARED, whose simulations are the same under either recipe.
    """

    simulations: int
    tests: int
    pixels: int
    seed: int
    training: str = "LH"

    def sizes(self) -> dict[str, int]:
        """Return how many simulations each set has."""
        return {self.training: self.simulations, "PAIRS": self.tests, "CV": FIXED}

    def parameters(self, which: str, recipe: str) -> np.ndarray:
        """Return float64 (S, 6), in the order of CMD, rounded as its files are.

        LH: a latin hypercube for each recipe. SHARED: one for both. PAIRS: one for both, two simulations in a row of
        the same parameters. CV: all fiducial.
        """
        if which == "CV":
            return np.tile(FIDUCIAL, (FIXED, 1))
        streams = Streams(f"astrobench_cosmology parameters {self.seed}")
        if which == "PAIRS":
            return np.repeat(hypercube(self.tests // 2, streams.of("PAIRS")), 2, axis=0)
        return hypercube(self.simulations, streams.of(self._owner(which, recipe)))

    def noise(self, which: str, recipe: str, number: int) -> np.ndarray:
        """Return white noise, float32 (n, n, n): under LH a recipe's own, else that of the other recipe too."""
        name = f"{self._owner(which, recipe)} {number}"
        stream = Streams(f"astrobench_cosmology noise {self.seed} {self.pixels}").of(name)
        return stream.standard_normal((self.pixels,) * 3, np.float32)

    def _owner(self, which: str, recipe: str) -> str:
        return f"{which} {recipe}" if which == "LH" else which


def hypercube(count: int, stream: np.random.Generator) -> np.ndarray:
    """Return float64 (count, 6): each parameter once in each of `count` equal parts of its range.

    Omega_m and sigma_8 are spread evenly, the others in their logarithm.
    """
    places = (stream.permuted(np.tile(np.arange(count), (6, 1)), axis=1).T + stream.random((count, 6))) / count
    columns = []
    for name, place in zip(PARAMETERS, places.T, strict=True):
        low, high = RANGES[name]
        columns.append(low + (high - low) * place if name in PARAMETERS[:2] else low * (high / low) ** place)
    return np.round(np.stack(columns, axis=1), 5)
