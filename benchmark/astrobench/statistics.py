"""How sure a number is: means over seeds, paired differences between methods, and ranks the data can separate.

Letters: S seeds, N test images. Every method meets the same images on the same seeds, so methods are compared
pair by pair, and the comparison is uncertain twice: another seed would train another network, and another test
set would hold other galaxies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astrobench.variances import Part, image_part, object_part, seed_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class Mean:
    """A mean over seeds. se: its standard error, None for fewer than two seeds. n: seeds."""

    value: float
    se: float | None
    n: int


@dataclass(frozen=True)
class Difference:
    """A paired difference between two methods, in the unit of the score. parts: where its uncertainty comes from."""

    value: float
    parts: tuple[Part, ...]
    seeds: int
    images: int | None = None

    @property
    def se(self) -> float:
        """Return the standard error: the parts add in variance."""
        return math.sqrt(sum(part.variance for part in self.parts)) if self.parts else math.nan

    @property
    def covers_seeds(self) -> bool:
        """Say whether another seed is part of the uncertainty: one seed cannot tell."""
        return self.seeds > 1

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the interval that holds the true difference with at least this probability (see `half_width`)."""
        half = half_width(self.parts, 1 - level)
        return self.value - half, self.value + half

    def p(self) -> float:
        """Return the smallest error probability at which the interval excludes zero (two-sided)."""
        return p_values([self])[0]


@dataclass(frozen=True)
class Places:
    """The ranks that a method may hold, 1 the best. best == worst: the data separate it from every other."""

    best: int
    worst: int


def mean_over_seeds(values: Sequence[float]) -> Mean:
    """Return mean, standard error (sample standard deviation / √n) and n of one number a seed."""
    n = len(values)
    if n == 0:
        return Mean(math.nan, None, 0)
    value = math.fsum(values) / n
    if n == 1:
        return Mean(value, None, 1)
    return Mean(value, math.sqrt(math.fsum((v - value) ** 2 for v in values) / (n - 1) / n), n)


def half_width(parts: Sequence[Part], error: float) -> float:
    """Return half the width of an interval that misses with probability `error` or less: √(Σ t²ᵢ Vᵢ).

    Each part keeps the Student quantile of its own degrees of freedom. For normal data the coverage is then
    never below nominal, and exact where one part rules. Satterthwaite's single, pooled number of degrees of
    freedom is not used: at two seeds its "95 %" holds the truth in 87 % of cases where seeds rule, and adding the
    uncertainty of images can make it narrower than Student's interval over the seeds alone (tests show both).
    Infinite where there are no parts: nothing is known.

    Source: Banerjee 1960, Sankhyā 22, 357.
    """
    if not parts:
        return math.inf
    return math.sqrt(math.fsum(float(quantile(part.freedom, error)) ** 2 * part.variance for part in parts))


def quantile(freedom: np.ndarray | float, error: np.ndarray | float) -> np.ndarray:
    """Return the two-sided Student quantile; the normal one for infinite degrees of freedom."""
    import numpy as np
    from scipy.special import ndtri, stdtrit

    tail = np.asarray(error) / 2
    return -np.where(np.isinf(freedom), ndtri(tail), stdtrit(np.minimum(freedom, 1e9), tail))


def p_values(differences: Sequence[Difference]) -> tuple[float, ...]:
    """Return for each difference the smallest error at which its interval excludes zero, found by bisection.

    Below 1e-16 it makes no difference to any rank. Where nothing is known of the uncertainty it is 1.
    """
    import numpy as np

    if not differences:
        return ()
    most = max(len(found.parts) for found in differences)
    parts = np.array([[*_flat(found.parts), *[0.0, 1.0] * (most - len(found.parts))] for found in differences])
    variance, freedom = parts[:, 0::2], parts[:, 1::2]
    squares = np.array([found.value**2 for found in differences])
    low, high = np.full(len(differences), -16.0), np.zeros(len(differences))  # log₁₀ p
    for _ in range(30):
        middle = (low + high) / 2
        half = (quantile(freedom, 10 ** middle[:, None]) ** 2 * variance).sum(axis=1)
        low, high = np.where(squares > half, low, middle), np.where(squares > half, middle, high)
    known = [bool(found.parts) and found.value != 0 for found in differences]
    return tuple(float(10**p) if sure else 1.0 for p, sure in zip(high, known, strict=True))


def paired_difference(ours: np.ndarray, theirs: np.ndarray, objects: np.ndarray | None = None) -> Difference:
    """Return the mean difference ours - theirs of per-image outcomes, with the uncertainty of seeds and images.

    ours, theirs: bool or float in [0, 1], (S, N); the same seed in a row, the same image in a column. objects: (N,),
    which object each image shows, None where each shows its own; `images` counts images all the same.

    The design is crossed: d[s, i] = μ + seed[s] + image[i] + rest[s, i], so the mean has the variance
    σ²_seed/S + σ²_image/N + σ²_rest/(SN). The variance of the S seed means over S estimates
    σ²_seed/S + σ²_rest/(SN), that of the N image means over N estimates σ²_image/N + σ²_rest/(SN). Their sum
    counts the rest twice, and is therefore too large by σ²_rest/(SN) on average: conservative, never optimistic.
    The seed means share their images and the image means their seeds, so neither is blurred by the other. Images of one
    object are right or wrong together: the variance over images is then one over objects (see `object_part`).

    With one seed the seed part is absent and `covers_seeds` is False.

    Raises ValueError when the two shapes differ or are empty: the caller pairs them.
    """
    import numpy as np

    if ours.shape != theirs.shape or ours.ndim != 2 or ours.size == 0:
        raise ValueError(f"outcomes cannot be paired: shapes {ours.shape} and {theirs.shape}")
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    seeds, images = differences.shape
    means = differences.mean(axis=0)
    alone = objects is None or len(np.unique(objects)) == images
    parts: tuple[Part, ...] = (image_part(means) if alone else object_part(means, np.asarray(objects)),)
    if seeds > 1:
        parts = (seed_part(differences.mean(axis=1)), *parts)
    return Difference(float(differences.mean()), parts, seeds, images)


def paired_values(
    ours: Sequence[float],
    theirs: Sequence[float],
    ours_se: Sequence[float | None] = (),
    theirs_se: Sequence[float | None] = (),
) -> Difference:
    """Return the mean difference ours - theirs of a score without per-image outcomes, paired by seed.

    The standard errors over images, where a score has them, add the image part. The networks share their test
    set, so its error does not average out over seeds, and it is correlated between the two methods in a way that
    is not known here: taking the two as independent is conservative where good images are good for both. Without
    them, differences that agree to the last bit are the grain of a quantised score and say nothing of its spread.
    """
    import numpy as np

    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    parts = (seed_part(differences),) if differences.size > 1 and np.ptp(differences) > 0 else ()
    squares = [a**2 + b**2 for a, b in zip(ours_se, theirs_se, strict=False) if a is not None and b is not None]
    if len(squares) == differences.size:
        parts = (*parts, Part(math.fsum(squares) / len(squares), math.inf))
    return Difference(float(differences.mean()), parts, int(differences.size))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for the number of tests, in their order. Source: Holm 1979, Scand. J. Statist. 6, 65."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for done, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(p_values) - done) * p_values[index]))
        adjusted[index] = running
    return tuple(adjusted)


def places(
    names: Sequence[str],
    difference: Callable[[str, str], Difference | None],
    error: float = 1 - LEVEL,
) -> Mapping[str, Places]:
    """Return the ranks that each of the named methods may hold.

    Every pair is tested; Holm's correction over all pairs keeps the chance of one wrong separation in the whole
    table at `error`. A method's best rank is one more than the number of methods that beat it, its worst the
    number of all less those that it beats: "1–2" means that two methods share the lead. A pair that cannot be
    compared (None), or that has fewer than two seeds, is not separated.

    difference(a, b): a - b, positive where a is better.
    """
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    found = [(pair, d) for pair in pairs if (d := difference(*pair)) is not None and d.covers_seeds]
    alone = [1.0] * (len(pairs) - len(found))
    adjusted = holm([*p_values([d for _, d in found]), *alone])
    beaten_by = dict.fromkeys(names, 0)
    beats = dict.fromkeys(names, 0)
    for ((a, b), d), p in zip(found, adjusted, strict=False):
        if p <= error:
            winner, loser = (a, b) if d.value > 0 else (b, a)
            beats[winner] += 1
            beaten_by[loser] += 1
    return {name: Places(1 + beaten_by[name], len(names) - beats[name]) for name in names}


def _flat(parts: Sequence[Part]) -> list[float]:
    return [number for part in parts for number in (part.variance, part.freedom)]
