"""Cutting objects into training, validation and test sets, so that no object is on two sides."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from astrobench import Streams

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARES = {"train": 0.7, "valid": 0.1, "test": 0.2}  # as published: DeepAdversaries §2


def split_by_id(strata: Mapping[str, object], seed: int, shares: Mapping[str, float] = SHARES) -> dict[str, str]:
    """Give every id a split. strata: id → what must be spread evenly over the splits (class, domains).

    Within a stratum the numbers are the shares rounded by largest remainder; a stratum with an id for every split
    gives each at least one. The draw of a stratum depends on the seed and on its own ids only, never on the order
    of the mapping or on other strata.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name, stratum in strata.items():
        groups[str(stratum)].append(name)
    streams = Streams(f"astrobench_galaxies split {seed}")
    splits: dict[str, str] = {}
    for stratum, names in groups.items():
        order = streams.of(stratum).permutation(sorted(names)).tolist()
        places = [split for split, count in apportioned(len(order), shares).items() for _ in range(count)]
        splits.update(zip(order, places, strict=True))
    return splits


def apportioned(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return whole numbers in the ratio of the shares that sum to `total`, each at least 1 where there are enough."""
    whole = sum(shares.values())
    exact = {name: total * share / whole for name, share in shares.items()}
    counts = {name: math.floor(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    for name in [name for name in counts if counts[name] == 0 and total >= len(counts)]:
        counts[max(counts, key=counts.__getitem__)] -= 1
        counts[name] = 1
    return counts
