"""The survey that looks: bands, sky, exposure and optics, as numbers read from tables rather than typed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from astrobench import DataError
from astrobench.errors import did_you_mean

SurveyName = Literal["LSST", "descwl"]
NAMES: tuple[SurveyName, ...] = ("LSST", "descwl")
BANDS = ("g", "r", "i")
SURVEY_YEARS = 10.0

# LSST of WeakLensingDeblending (LSSTDESC), which the paper follows: e⁻/s at AB 24, sky AB/arcsec², ten-year seconds,
# zenith seeing in arcsec, wavelength in nm. Extinction enters as coefficient x (airmass - 1.2) and vanishes at 1.2.
_DESCWL = {
    "g": (50.70, 22.3, 2400.0, 0.73, 478.998),
    "r": (43.70, 21.2, 5520.0, 0.70, 619.952),
    "i": (32.36, 20.5, 5520.0, 0.67, 752.851),
}
_DESCWL_AIRMASS = 1.2
_DESCWL_OBSCURATION = 0.640  # central obscuration that leaves 32.4 m² of an 8.36 m mirror


@dataclass(frozen=True)
class Band:
    """One filter. zero_point: AB magnitude of 1 e⁻/s. sky: AB magnitude/arcsec². exposure: s in ten years.

    seeing: FWHM of the delivered atmosphere in arcsec. wavelength: nm.
    """

    name: str
    zero_point: float
    sky: float
    exposure: float
    seeing: float
    wavelength: float

    def electrons(self, magnitude: float, years: float) -> float:
        """Return the e⁻ that a source of this AB magnitude leaves in `years` of survey."""
        rate: float = 10 ** (-0.4 * (magnitude - self.zero_point))
        return rate * self.exposure * years / SURVEY_YEARS


@dataclass(frozen=True)
class Survey:
    """A telescope and its bands. mirror: m. obscuration: fraction of the diameter. pixel_scale: arcsec/pixel."""

    name: str
    mirror: float
    obscuration: float
    pixel_scale: float
    bands: tuple[Band, ...]

    def sky(self, years: float) -> tuple[float, ...]:
        """Return the mean sky of each band in e⁻/pixel after `years` of survey."""
        return tuple(band.electrons(band.sky, years) * self.pixel_scale**2 for band in self.bands)


@cache
def survey_named(name: str) -> Survey:
    """Return the LSST of surveycodex, or of WeakLensingDeblending ("descwl"). Raises DataError for any other name.

    Source: https://github.com/LSSTDESC/surveycodex and https://github.com/LSSTDESC/WeakLensingDeblending, survey.py.
    """
    if name not in NAMES:
        raise DataError(f"no survey named {name!r}{did_you_mean(name, NAMES)}")
    return _from_surveycodex() if name == "LSST" else _from_descwl()


def _from_surveycodex() -> Survey:
    import surveycodex

    table = surveycodex.get_survey("LSST")
    bands = tuple(_band_of(name, table.get_filter(name)) for name in BANDS)
    mirror, obscuration = float(table.mirror_diameter.to_value("m")), float(table.obscuration)
    return Survey("LSST", mirror, obscuration, float(table.pixel_scale.to_value("arcsec")), bands)


def _band_of(name: str, row: object) -> Band:
    units = {
        "zeropoint": "mag",
        "sky_brightness": "mag / arcsec2",
        "full_exposure_time": "s",
        "psf_fwhm": "arcsec",
        "effective_wavelength": "nm",
    }
    return Band(name, *(float(getattr(row, key).to_value(unit)) for key, unit in units.items()))


def _from_descwl() -> Survey:
    bands = tuple(
        Band(name, _zero_point(at_24), sky, exposure, zenith * _DESCWL_AIRMASS**0.6, wavelength)
        for name, (at_24, sky, exposure, zenith, wavelength) in _DESCWL.items()
    )
    return Survey("descwl", 8.36, _DESCWL_OBSCURATION, 0.2, bands)


def _zero_point(electrons_at_24: float) -> float:
    import math

    return 24 + 2.5 * math.log10(electrons_at_24)
