"""Where the numbers come from: one column of facts for each environment that made records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from astrobench.leaderboard.table import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from astrobench.records import Row

# They change from run to run, or name a machine or a person: a page made from text must not.
UNTOLD = {
    "host", "hostname", "node", "user", "pid", "path", "started", "finished", "date", "time", "seconds", "attempts",
}  # fmt: skip
COSTS = {"training_seconds", "peak_bytes"}
LEFT_OUT = UNTOLD | COSTS
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mark(row: Row) -> str:
    """Return the fingerprint of the environment that made a row, "" where it has none."""
    return str(row.provenance.get("fingerprint") or "")


def letters(rows: Iterable[Row]) -> Mapping[str, str]:
    """Return fingerprint → letter, in the order of the fingerprints."""
    found = sorted({mark(row) for row in rows} - {""})
    return {fingerprint: _letter(number) for number, fingerprint in enumerate(found)}


def environments(rows: Sequence[Row], marks: Mapping[str, str]) -> tuple[Environment, ...]:
    """Return the facts of each environment, in the order of the letters."""
    by_mark: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_mark[mark(row)].append(row)
    return tuple(
        Environment(letter, len(by_mark[fingerprint]), _facts(by_mark[fingerprint]))
        for fingerprint, letter in marks.items()
    )


def _facts(rows: Sequence[Row]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for name, value in _flat(row.provenance):
            found[name].add(value)
    told = {name: tuple(sorted(values)) for name, values in sorted(found.items())}
    return told | _costs(rows)


def _flat(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of every fact; what lies in a table is named by the innermost key."""
    for key, value in body.items():
        if key in LEFT_OUT or value in (None, ""):
            continue
        if key == "commit" and isinstance(value, Mapping):
            yield key, _commit(value)
        elif isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield str(key), str(value)


def _commit(body: Mapping[str, Any]) -> str:
    name = str(body.get("commit") or "not in a checkout")[:12]
    return f"{name} with uncommitted changes" if body.get("dirty") else name


def _costs(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Return the time that trainings took together, each counted once, and the highest peak of memory."""
    seconds = {row.training: _number(row, "training_seconds") for row in rows}
    peak = max((_number(row, "peak_bytes") for row in rows), default=0.0)
    told: dict[str, tuple[str, ...]] = {}
    if any(seconds.values()):
        told["training time"] = (f"{sum(seconds[key] for key in sorted(seconds)) / 60:.1f} min",)
    if peak:
        told["peak memory"] = (f"{peak / 2**30:.2f} GiB",)
    return told


def _number(row: Row, name: str) -> float:
    value = row.provenance.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _letter(number: int) -> str:
    return LETTERS[number] if number < len(LETTERS) else f"{LETTERS[number % 26]}{number // 26}"
