"""The files of the CAMELS Multifield Dataset: what they are called, which exist, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError, open_npy
from astrobench.errors import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

PARAMETERS = ("Omega_m", "sigma_8", "A_SN1", "A_AGN1", "A_SN2", "A_AGN2")
"""In the order of the columns of a parameter file."""
RANGES = {
    "Omega_m": (0.1, 0.5),
    "sigma_8": (0.6, 1.0),
    "A_SN1": (0.25, 4.0),
    "A_AGN1": (0.25, 4.0),
    "A_SN2": (0.5, 2.0),
    "A_AGN2": (0.5, 2.0),
}
"""Ends of the latin hypercube (CMD, arXiv:2109.10915)."""
MAPS = 15
"""Maps a simulation: five slabs of 5 Mpc/h along each of three axes."""
UNITS = {
    "Mgas": "(Msun/h)/(Mpc/h)^2", "Vgas": "km/s", "T": "K", "P": "h^2 Msun (km/s)^2/kpc^3", "Z": "Zsun",
    "HI": "(Msun/h)/(Mpc/h)^2", "ne": "h^2 cm^-3 (Mpc/h)", "B": "G", "MgFe": "1", "Mcdm": "(Msun/h)/(Mpc/h)^2",
    "Vcdm": "km/s", "Mstar": "(Msun/h)/(Mpc/h)^2", "Mtot": "(Msun/h)/(Mpc/h)^2",
}  # fmt: skip
"""Unit of each field."""
SHARED = ("LH", "CV", "1P", "EX")
"""Sets that every suite has; TNG alone has BE and SB28."""
SEEDED = ("CV", "1P", "EX", "PAIRS", "SHARED")
"""Sets whose simulations have the same initial conditions and parameters in every suite."""


@dataclass(frozen=True, eq=False)
class Maps:
    """One file of maps and the parameters of its simulations, checked.

    path: of the .npy file. suite, which: its suite and set. parameters: float64 (S, P) of S simulations.
    """

    path: Path
    field: str
    suite: str
    which: str
    parameters: np.ndarray

    def open(self) -> np.ndarray:
        """Map the file, read-only: float32 (15·S, H, H)."""
        return open_npy(self.path)

    def names(self) -> list[str]:
        """Return the name of each simulation: the same in two suites where they are the same initial conditions."""
        owner = self.which if self.which in SEEDED else f"{self.suite}-{self.which}"
        return [f"{owner}-{number:04d}" for number in range(len(self.parameters))]


def check_exists(field: str, suite: str, which: str) -> None:
    """Raise DataError for a field or a set that CMD does not have of a suite."""
    if suite.startswith("Nbody_") and field != "Mtot":
        raise DataError(f"CMD has no field {field!r} of {suite}: it has no gas and no stars, only Mtot")
    if field == "B" and suite != "IllustrisTNG":
        raise DataError(f"CMD has no field 'B' of {suite}: only IllustrisTNG follows magnetic fields")
    if which not in SHARED and suite != "IllustrisTNG":
        raise DataError(f"CMD has no set {which!r} of {suite}{did_you_mean(which, SHARED)}")


def open_maps(folder: Path, field: str, suite: str, which: str) -> Maps:
    """Open `Maps_<field>_<suite>_<set>_z=0.00.npy` and `params_<set>_<suite>.txt` of a folder.

    Raises DataError, naming the file, for one that is missing, is no such array, holds maps that are not square, or
    has other than 15 maps for each row of parameters.
    """
    path = folder / f"Maps_{field}_{suite}_{which}_z=0.00.npy"
    if not path.is_file():
        raise DataError(f"cannot read {path}: No such file; fetch it from CMD (camels-multifield-dataset)")
    found = open_npy(path)
    if found.dtype != np.float32 or found.ndim != 3 or found.shape[1] != found.shape[2]:
        raise DataError(f"{path} holds {found.dtype} {found.shape}, expected maps float32 (N, H, H)")
    table = _parameter_file(folder, suite, which)
    parameters = _read(table)
    if len(found) != MAPS * len(parameters) or not len(found):
        told = f"{len(found)} maps for {len(parameters)} rows of {table.name}"
        raise DataError(f"{path} has {told}, expected {MAPS} a row")
    return Maps(path, field, suite, which, parameters)


def _parameter_file(folder: Path, suite: str, which: str) -> Path:
    """Return the parameters of a suite; an N-body suite may stand under the name of the suite it repeats."""
    names = [f"params_{which}_{name}.txt" for name in dict.fromkeys((suite, suite.removeprefix("Nbody_")))]
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[0])


def _read(path: Path) -> np.ndarray:
    try:
        found = np.loadtxt(path, ndmin=2)
    except OSError:
        raise DataError(f"{path} is not there; put the parameter file of CMD beside the maps") from None
    except ValueError as error:
        raise DataError(f"{path} is no table of numbers: {str(error).splitlines()[0]}") from None
    if found.shape[1] < len(PARAMETERS) or not np.isfinite(found).all():
        raise DataError(f"{path} holds {found.shape[1]} columns, expected finite {', '.join(PARAMETERS)}")
    return found
