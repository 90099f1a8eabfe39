"""Alignment with Fisher discrimination and entropy minimisation, as DeepMerge II combines them."""

from __future__ import annotations

from typing import Literal

from astrobench_alignment.combined import Combined
from astrobench_alignment.dann import dann
from astrobench_alignment.entropy import entropy as entropy_part
from astrobench_alignment.fisher import fisher
from astrobench_alignment.mmd import mmd
from astrobench_alignment.mmd_deepadversaries import mmd_deepadversaries


def mmd_fisher_entropy(
    features: int,
    classes: int,
    *,
    weight: float = 1.0,
    align: float = 1.0,
    within: float = 0.01,
    between: float = 1.0,
    entropy: float = 0.05,
    trace: Literal["ratio", "difference"] = "ratio",
    centres: Literal["learned", "means"] = "learned",
) -> Combined:
    """Align latents by `mmd` (unbiased), with compact source classes and certain target predictions.

    align, within, between, entropy: weights of the parts, as documented by `mmd`, `fisher` and `entropy`;
    weight scales them all. Defaults are those of DeepMerge II's examples.

    Source: DeepMerge II, arXiv 2103.01373.
    """
    compact = fisher(features, classes, within=within, between=between, trace=trace, centres=centres)
    return Combined(
        mmd(features, classes, weight=align), compact, entropy_part(features, classes, weight=entropy), weight=weight
    )


def mmd_deepadversaries_fisher_entropy(
    features: int,
    classes: int,
    *,
    weight: float = 1.0,
    align: float = 1.0,
    within: float = 0.01,
    between: float = 1.0,
    entropy: float = 0.05,
    trace: Literal["ratio", "difference"] = "ratio",
    centres: Literal["learned", "means"] = "learned",
) -> Combined:
    """Align latents by the 19-kernel, biased MMD with Fisher and entropy parts, as DeepMerge II's code does.

    Parameters as in `mmd+fisher+entropy`; the entropy is averaged over both domains, as that code does.

    Source: DeepMerge II, arXiv 2103.01373, and its code.
    """
    aligned = mmd_deepadversaries(features, classes, weight=align)
    compact = fisher(features, classes, within=within, between=between, trace=trace, centres=centres)
    return Combined(aligned, compact, entropy_part(features, classes, weight=entropy, domains="both"), weight=weight)


def dann_fisher_entropy(
    features: int,
    classes: int,
    *,
    weight: float = 1.0,
    align: float = 1.0,
    within: float = 0.01,
    between: float = 1.0,
    entropy: float = 0.05,
    trace: Literal["ratio", "difference"] = "ratio",
    centres: Literal["learned", "means"] = "learned",
    schedule: Literal["constant", "rising"] = "constant",
    hidden: int = 1024,
    dropout: float = 0.5,
    rate: float = 1.0,
) -> Combined:
    """Align latents by `dann`, with compact source classes and certain target predictions.

    align, schedule, hidden, dropout, rate as documented by `dann`; within, between, trace, centres by `fisher`;
    entropy by `entropy`. weight scales them all. Defaults are those of DeepMerge II's examples.

    Source: DeepMerge II, arXiv 2103.01373.
    """
    aligned = dann(features, classes, weight=align, schedule=schedule, hidden=hidden, dropout=dropout)
    compact = fisher(features, classes, within=within, between=between, trace=trace, centres=centres)
    return Combined(aligned, compact, entropy_part(features, classes, weight=entropy), weight=weight, rate=rate)
