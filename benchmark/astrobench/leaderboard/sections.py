"""The sections of a leaderboard's page below its table: troubles, published numbers, and where ours come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench.leaderboard.escape import fenced, markdown
from astrobench.leaderboard.wording import (
    NOTHING,
    all_decimals,
    beside_words,
    titled,
    trouble_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from astrobench.leaderboard.table import Beside, Leaderboard

MOST_VALUES = 8  # distinct values of one fact that a table still shows
SYNTHETIC = (
    "Ours come from synthetic data, the published ones do not: compare which method helps and by how much, not digits."
)


def troubles(board: Leaderboard) -> Iterator[str]:
    """Yield what failed, what metrics left out and what is undefined, one line a cause, and columns without a score."""
    sections = (
        ("Failed cells", board.failures),
        ("Scores left out", board.left_out),
        ("Undefined numbers", board.undefined),
    )
    for title, found in sections:
        if found:
            yield f"## {title}"
            yield "\n".join(
                f"- {markdown(f'{t.dataset}, {t.architecture}, {t.method}')}: {markdown(trouble_words(t))}"
                for t in found
            )
    if board.not_given:
        yield "## Columns without a score"
        yield "\n".join(f"- {markdown(sentence)}" for sentence in board.not_given)


def published(board: Leaderboard) -> Iterator[str]:
    """Yield the table that sets our numbers beside the published ones, each with its source."""
    if not board.published:
        return
    yield "## Ours beside published"
    if board.suite.get("synthetic"):
        yield SYNTHETIC
    names = ["Architecture", "Method", "Number", "Ours", "Published", "Source"]
    yield grid(names, [_beside(board, one) for one in board.published], right=(3, 4))


def origin(board: Leaderboard) -> Iterator[str]:
    """Yield where the numbers come from: commands, files, and a column of facts for each environment."""
    name = board.suite.get("name", "")
    yield "## Where the numbers come from"
    yield f"Suite {markdown(name)}, version {markdown(board.suite.get('version', '?'))}."
    for source in board.sources:
        yield f"{markdown(f'records/{source.name}')}: {source.rows} cells, made by"
        yield fenced(source.command or "(the command was not recorded)")
    yield "This page and table.csv are rendered from those records alone; do not edit them:"
    yield fenced(f"astrobench render leaderboards/{name}")
    if board.environments:
        facts = sorted({fact for environment in board.environments for fact in environment.facts})
        rows = [[markdown(fact), *(_values(e.facts.get(fact, ())) for e in board.environments)] for fact in facts]
        yield grid(["", *(f"Environment {e.letter} ({e.rows} cells)" for e in board.environments)], rows)


def grid(names: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    """Return a Markdown table of texts that are escaped already. right: columns set flush right."""
    flush = set(right)
    rule = ["--:" if i in flush else "---" for i in range(len(names))]
    lines = [names, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _beside(board: Leaderboard, one: Beside) -> list[str]:
    where = ", ".join(filter(None, (one.dataset, one.profile))) if len(board.sections) > 1 else ""
    method = f"{one.method} ({where})" if where else one.method
    names = map(markdown, (one.architecture, method, titled(one.column)))
    ours, theirs = beside_words(one, dict(zip(board.columns, all_decimals(board), strict=True)))
    return [*names, ours, markdown(theirs), markdown(one.source)]


def _values(values: Sequence[str]) -> str:
    shown = ", ".join(values[:MOST_VALUES])
    more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
    return markdown(f"{shown}{more}") or NOTHING
