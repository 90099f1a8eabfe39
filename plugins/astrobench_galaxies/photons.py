"""Counting photons: exact Poisson numbers of many large means at once, twice as fast as NumPy one by one.

A rectangle of the hat (see `hats`) and a place in it come from 32 random bits. Of a hundred rectangles 97 lie wholly
below the law, so their number stands; the others are tested against the law, and what fails is drawn again by NumPy.
"""

from __future__ import annotations

import sys

import numpy as np

from astrobench_galaxies.hats import EDGE, HIGHEST_LEVEL, STEP, Hat, hat_from

FEWEST = 4000  # numbers; of fewer, NumPy's own draw is as fast
FAINTEST, BRIGHTEST = 128.0, 1e9  # means
_BLOCK = 2**15  # numbers: what is held of them stays in the cache
_GRAIN = STEP / 2**16  # places in a rectangle lie so far apart, σ
_HIGH = 1 if sys.byteorder == "little" else 0  # which half of 32 bits is the upper one


def photons(mean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return Poisson numbers, float64 whole numbers ≥ 0 in the shape of `mean`, float (…), the mean of each.

    Exact: no normal approximation. The draw depends on the stream and the means alone. NumPy draws them all where they
    are few, or any mean lies outside 128 to 1e9.

    Raises ValueError for a mean that is negative or NaN.
    """
    flat = np.asarray(mean, np.float64).ravel()
    slow = isinstance(rng.bit_generator, np.random.MT19937)  # the only one whose words have 32 bits
    if slow or flat.size < FEWEST or not (flat.min() >= FAINTEST and flat.max() <= BRIGHTEST):
        return np.asarray(rng.poisson(mean), np.float64)
    counts = np.empty(flat.size)
    for start in range(0, flat.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        _fill(counts[block], flat[block], rng)
    return counts.reshape(np.shape(mean))


def _fill(counts: np.ndarray, mean: np.ndarray, rng: np.random.Generator) -> None:
    hat = hat_from(min(2 ** int(np.log2(mean.min())), HIGHEST_LEVEL))
    _sure(counts, mean, hat, rng)
    unsure = chosen(mean.size, hat.share, rng)
    means = mean[unsure]
    tested, stands = _tested(means, hat, rng)
    failed = np.flatnonzero(~stands)
    tested[failed] = rng.poisson(means[failed])
    counts[unsure] = tested


def chosen(size: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return which of `size` are chosen, each with a chance of `share`, in order: int64, by the gaps between them."""
    enough = int(size * share + 4 * (size * share) ** 0.5) + 1
    places = rng.geometric(share, enough).cumsum() - 1
    while places[-1] < size:
        places = np.concatenate([places, places[-1] + rng.geometric(share, enough).cumsum()])
    return places[: np.searchsorted(places, size)]


def _sure(counts: np.ndarray, mean: np.ndarray, hat: Hat, rng: np.random.Generator) -> None:
    """Fill `counts` from sure rectangles: 16 bits choose one, 16 a place in it on a grid that is moved at random."""
    words = rng.bit_generator.random_raw(-(-mean.size // 2))  # half the time of rng.integers
    halves = words.view(np.int16).reshape(-1, 2)[: mean.size]
    halves[:, _HIGH] = hat.sure.take(halves[:, _HIGH].view(np.uint16))
    np.multiply(halves.view(np.int32).ravel(), _GRAIN, out=counts)
    counts += _GRAIN * rng.random()
    counts *= np.sqrt(mean)
    counts += mean
    np.floor(counts, out=counts)


def _tested(mean: np.ndarray, hat: Hat, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a number for each mean from a rectangle that is not sure; return them, and which lie below the law."""
    slots = rng.integers(len(hat.doubtful) + hat.tails, size=mean.size)
    place = (hat.doubtful.take(slots, mode="clip") + rng.random(mean.size)) * STEP
    height = hat.bottom.take(slots, mode="clip") + hat.thickness * rng.random(mean.size)
    tails = np.flatnonzero(slots >= len(hat.doubtful))
    beyond = rng.standard_exponential(tails.size)
    place[tails] = (EDGE + beyond / hat.slope) * np.where(rng.random(tails.size) < 0.5, -1, 1)
    height[tails] = hat.tail * np.exp(-beyond) * rng.random(tails.size)
    counts = np.floor(mean + np.sqrt(mean) * place)
    return counts, np.asarray(height <= density(counts, mean))


def density(counts: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return √mean times the Poisson probability of each count, by Stirling's series: to 1e-11 for counts above 40.

    0 for counts below 1, of which a mean of 128 has 1e-56.
    """
    whole = np.maximum(counts, 1.0)
    excess, inverse = whole - mean, 1 / whole
    log = np.log1p(excess / mean)
    remainder = inverse * (1 / 12 - inverse**2 * (1 / 360 - inverse**2 / 1260))
    value = np.exp(excess - (whole + 0.5) * log - remainder) / np.sqrt(2 * np.pi)
    return np.asarray(np.where(counts < 1, 0.0, value))
