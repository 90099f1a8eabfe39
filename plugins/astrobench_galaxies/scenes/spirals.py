"""Spirals: an inclined disc with arms, knots of young stars, a bulge, sometimes a bar or a lane of dust."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma
from typing import TYPE_CHECKING

import numpy as np

from astrobench_galaxies.scenes import colours
from astrobench_galaxies.scenes.light import Blobs, Light, Painting, Sersic, canvas_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

_THICKNESS = 0.18  # height over length of a disc seen edge-on
_HALF_LIGHT = 1.678  # half-light radius of an exponential disc in scale lengths
_DISC_SIZE = 1.27  # a bulge makes a galaxy's half-light radius smaller than its disc's, and so does tilt


@dataclass(frozen=True)
class Disc:
    """How a disc lies. scale: scale length, arcsec. ratio: short over long axis as seen. angle: of the long axis."""

    scale: float
    ratio: float
    angle: float

    def inward(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinates in the disc's own plane, in scale lengths, of points on the sky in arcsec."""
        cosine, sine = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        along, across = x * cosine + y * sine, y * cosine - x * sine
        return along / np.float32(self.scale), across / np.float32(self.scale * self.ratio)

    def outward(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return points on the sky, arcsec, of coordinates in the disc's plane."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        along, across = u * self.scale, v * self.scale * self.ratio
        return along * cosine - across * sine, along * sine + across * cosine


@dataclass(frozen=True)
class Arms:
    """Logarithmic arms. winding: radians a natural unit of ln R, signed. sharpness: power of the cosine crest.

    patches: (waves, winding, phase) that break flocculent arms into pieces, or None.
    """

    number: int
    contrast: float
    winding: float
    sharpness: float
    phase: float
    patches: tuple[int, float, float] | None = None

    def crest(self, log_radius: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
        """Return the arms' surface brightness over their azimuthal mean."""
        wave = (1 + np.cos(self.number * (azimuth - self.winding * log_radius) - self.phase)) / 2
        crest: np.ndarray = wave ** np.float32(self.sharpness) / np.float32(_mean_of_power(self.sharpness))
        if self.patches is not None:
            waves, winding, phase = self.patches
            crest *= 1 + np.cos(waves * (azimuth + winding * log_radius) - phase)
        return crest


def spiral(rng: np.random.Generator, radius: float) -> Sequence[Light]:
    """Draw a spiral of about this half-light radius (arcsec), light in fractions of its i-band flux."""
    cosine = rng.uniform(0.12, 1)
    ratio = float(np.sqrt(cosine**2 * (1 - _THICKNESS**2) + _THICKNESS**2))
    disc = Disc(_DISC_SIZE * radius / ratio**0.25 / _HALF_LIGHT, ratio, rng.uniform(0, np.pi))
    arms = _draw_arms(rng)
    bulge, bar = _draw_bulge(rng, disc, radius), _draw_bar(rng, disc)
    knots = _draw_knots(rng, disc, arms)
    lane = _draw_lane(rng, disc) if cosine < 0.35 and rng.random() < 0.6 else None
    disc_light = 1 - bulge.flux
    bar_light = [part.brightened(disc_light) for part in bar]
    rest = disc_light * (1 - knots.flux - sum(part.flux for part in bar))
    painted = _paint(disc, arms, lane, rest)
    return [bulge, *bar_light, knots.brightened(disc_light), *painted]


def _draw_arms(rng: np.random.Generator) -> Arms:
    kind = rng.random()
    smooth, flocculent = kind < 0.25, 0.25 <= kind < 0.45
    number = int(rng.integers(4, 7)) if flocculent else int(rng.choice([2, 3, 4], p=[0.6, 0.25, 0.15]))
    contrast = rng.uniform(0, 0.15) if smooth else rng.uniform(0.35, 0.95)
    winding = float(rng.choice([-1, 1]) / np.tan(np.radians(rng.uniform(10, 32))))
    patches = (int(rng.integers(2, 5)), rng.uniform(-3, 3), rng.uniform(0, 2 * np.pi)) if flocculent else None
    return Arms(number, contrast, winding, rng.uniform(1, 3), rng.uniform(0, 2 * np.pi), patches)


def _draw_bulge(rng: np.random.Generator, disc: Disc, radius: float) -> Sersic:
    share, index = 0.85 * rng.beta(1.1, 3), rng.uniform(1.2, 3.5)
    size = radius * rng.uniform(0.15, 0.4)
    return Sersic(share, colours.BULGE, index, size, 1 - 0.5 * (1 - disc.ratio), disc.angle)


def _draw_bar(rng: np.random.Generator, disc: Disc) -> list[Sersic]:
    if rng.random() > 0.3:
        return []
    length, width, turn = rng.uniform(0.6, 1.2), rng.uniform(0.2, 0.35), rng.uniform(0, np.pi)
    ratio, angle, area = _tilted(width, turn, disc)
    share = rng.uniform(0.05, 0.2)
    return [Sersic(share, colours.BULGE, 0.5, length * disc.scale * np.sqrt(area), ratio, angle)]


def _tilted(ratio: float, turn: float, disc: Disc) -> tuple[float, float, float]:
    # Axis ratio, angle and area on the sky of an ellipse of unit long axis that lies in the disc's plane.
    cosine, sine = np.cos(turn), np.sin(turn)
    flat = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([1.0, ratio])
    seen = np.diag([1.0, disc.ratio]) @ flat
    values, vectors = np.linalg.eigh(seen @ seen.T)
    angle = disc.angle + np.arctan2(vectors[1, 1], vectors[0, 1])
    return float(np.sqrt(values[0] / values[1])), float(angle), ratio * disc.ratio


def _draw_knots(rng: np.random.Generator, disc: Disc, arms: Arms) -> Blobs:
    number = int(rng.integers(8, 46))
    distance = np.clip(rng.gamma(3.0, 0.7, number), 0.7, 4)
    along = rng.integers(0, arms.number, number) * 2 * np.pi / arms.number
    azimuth = arms.winding * np.log(distance) + arms.phase / arms.number + along + rng.normal(0, 0.12, number)
    x, y = disc.outward(distance * np.cos(azimuth), distance * np.sin(azimuth))
    weights = 1 + rng.pareto(1.5, number)
    share = rng.uniform(0.02, 0.12)
    return Blobs(share * weights / weights.sum(), colours.KNOTS, disc.scale * rng.uniform(0.05, 0.12, number), x, y)


def _draw_lane(rng: np.random.Generator, disc: Disc) -> tuple[float, float, float]:
    """Draw depth, offset and width of a dust lane, the last two in arcsec across the disc."""
    depth = rng.uniform(0.6, 1.8)
    return depth, disc.scale * disc.ratio * float(rng.normal(0, 0.15)), disc.scale * rng.uniform(0.08, 0.16)


def _paint(disc: Disc, arms: Arms, lane: tuple[float, float, float] | None, flux: float) -> list[Painting]:
    x, y = canvas_axes()
    u, v = disc.inward(x, y)
    distance = np.sqrt(u * u + v * v)
    surface = np.exp(-distance)
    if lane is not None:
        depth, offset, width = lane
        across = v * np.float32(disc.scale * disc.ratio)
        surface *= np.exp(-depth * np.exp(-0.5 * ((across - offset) / width) ** 2))
    share = np.float32(arms.contrast) * _ramp(distance)
    blue = surface * share * arms.crest(np.log(distance), np.arctan2(v, u))
    red = surface * (1 - share)
    total = flux / float(blue.sum() + red.sum())
    return [
        Painting(total * float(red.sum()), colours.DISC, red),
        Painting(total * float(blue.sum()), colours.ARMS, blue),
    ]


def _ramp(distance: np.ndarray) -> np.ndarray:
    # Arms set in around 0.7 scale lengths and fade beyond 4.5.
    inner = np.clip(distance / np.float32(0.7) - np.float32(0.5), 0, 1)
    outer = np.clip((np.float32(6.5) - distance) / 2, 0, 1)
    return inner * outer


def _mean_of_power(power: float) -> float:
    # Mean over the circle of ((1 + cos t) / 2)^p: Γ(p + 1/2) / (sqrt(π) Γ(p + 1)).
    return float(np.exp(lgamma(power + 0.5) - lgamma(power + 1)) / np.sqrt(np.pi))
