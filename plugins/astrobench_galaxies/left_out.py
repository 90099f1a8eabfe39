"""Which rows of a catalogue are not used, and why, in sentences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from astrobench_galaxies.catalogue import Row
    from astrobench_galaxies.membership import Cut


NOT_TESTED = "without a label in a domain that is only tested"


def unlabelled_notes(parts: Mapping[tuple[str, str], Cut], target: str) -> tuple[str, ...]:
    """Return a sentence for each domain without labels: how many of its images are adapted to and predicted."""
    adapted = len(parts[target, "train"].rows)
    return tuple(
        f"{domain!r} has no labels: all of its {len(cut.rows)} images are predicted"
        + (f", and {adapted} of them are adapted to" if domain == target else "")
        for (domain, split), cut in parts.items()
        if split == "test" and (cut.labels < 0).all()
    )


def left_out(
    rows: Sequence[Row], parts: Iterable[Cut], source: str, target: str, asked: Sequence[str]
) -> tuple[str, ...]:
    """Return a sentence for each reason for which rows are in no part: how many, of which domains.

    asked: the domains that a suite asks for, source and target among them.
    """
    used = {row.where for part in parts for row in part.rows}
    unused = Counter((_reason(row, source, target, asked), row.domain) for row in rows if row.where not in used)
    reasons: dict[str, list[str]] = {}
    for (reason, domain), count in sorted(unused.items()):
        reasons.setdefault(reason, []).append(f"{count} of {domain!r}")
    return tuple(
        f"{_total(counts)} of {len(rows)} rows are left out, {reason}: {', '.join(counts)}"
        for reason, counts in reasons.items()
    )


def _reason(row: Row, source: str, target: str, asked: Sequence[str]) -> str:
    if row.domain not in asked:
        return "whose domain is not source, target or in tests"
    if not row.label and not row.split:
        return "without a label, and their object is validated or tested" if row.domain == target else NOT_TESTED
    if row.domain not in (source, target):
        return (
            f"marked {row.split} in a domain that is only tested"
            if row.split
            else "whose object is trained on elsewhere"
        )
    return f"marked {row.split} in the target" if row.split else "drawn to validate, which the target does not"


def _total(counts: Iterable[str]) -> int:
    return sum(int(count.split(" ")[0]) for count in counts)
