"""Model selection as words: two tables on a page, and the same on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from astrobench.leaderboard.escape import markdown
from astrobench.leaderboard.sections import grid
from astrobench.leaderboard.table import Column
from astrobench.leaderboard.wording import NOTHING, fixed
from astrobench.records import NO_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.text import Text

    from astrobench.leaderboard.selection import Selection
    from astrobench.leaderboard.table import Leaderboard
    from astrobench.statistics import Mean

    Speller = Callable[..., Text]

PERCENT, PLAIN = Column("", "", "", percent=True), Column("", "", "")
TITLE = "Model selection without target labels"
RULES_TITLE = "Rules, by how they order epochs"
CHOSEN = ("Architecture", "Method", "last (%)", "{rule} (%)", "oracle (%)", "regret (pp)")
JUDGED = ("Rule", "Spearman, all methods", "Spearman, one training", "picked (%)", "regret (pp)")
GREY = (4, 5)
"""Columns of the first table that need target labels: shown to be held against, in grey or italics, never ranked."""

HOW = """\
Accuracy on the target {domain} at the epoch that a rule picks among those that were kept of a training. It rests on
{images} of the test images, so it differs a little from the table above. No rule sees a target label; the *oracle*
does, and takes the best kept epoch, which flatters it by the luck of that sample. **Regret**: oracle minus the suite's
rule."""

HOW_UNLABELLED = """\
{domain} has no labels: the rules pick their epochs without any, and how good those are is not known."""

HOW_RULES = """\
**Spearman**: rank correlation of a rule's value with target accuracy, over the kept epochs of all methods of an
architecture and seed, and over those of one training; means ± standard errors. **picked**, **regret**: over all
{trainings} trainings. `last` has no value to correlate."""


def selected(board: Leaderboard) -> Iterator[str]:
    """Yield the two tables of each target domain; nothing where records do not tell of model selection."""
    for one in board.selections:
        where = ", ".join(filter(None, (one.dataset, one.profile and f"profile {one.profile}", one.domain)))
        several = f": {where}" if len(board.selections) > 1 else ""
        yield f"## {TITLE}{markdown(several)}"
        how = HOW if one.labelled else HOW_UNLABELLED
        yield how.format(domain=markdown(one.domain), images=images_of(one))
        rows = [[markdown(cell) for cell in row] for row in chosen_rows(one)]
        rows = [[f"*{cell}*" if i in GREY else cell for i, cell in enumerate(row)] for row in rows]
        yield grid([markdown(name) for name in chosen_heads(one)], rows, right=range(2, 6))
        if not one.labelled:
            continue
        yield f"### {RULES_TITLE}"
        yield HOW_RULES.format(trainings=one.trainings)
        yield grid(JUDGED, [[markdown(cell) for cell in row] for row in judged_rows(one)], right=range(1, 5))


def tables(board: Leaderboard, spell: Speller) -> Iterator[Table]:
    """Yield the same tables for a terminal; what needs target labels is dim. spell: makes text safe to print."""
    for one in board.selections:
        where = " · ".join(filter(None, (one.dataset, one.profile and f"profile {one.profile}", one.domain)))
        told = f"model selection · {where} · {f'{images_of(one)} test images' if one.labelled else NO_LABELS}"
        yield _table(told, chosen_heads(one), chosen_rows(one), spell, texts=2, grey=GREY)
        if not one.labelled:
            continue
        yield _table("rules, by how they order epochs", JUDGED, judged_rows(one), spell, texts=1)


def _table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], spell: Speller, *, texts: int,
    grey: Sequence[int] = (),
) -> Table:  # fmt: skip
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, title=spell(title), title_justify="left")
    for index, head in enumerate(heads):
        style = "dim" if index in grey else ""
        table.add_column(spell(head), justify="left" if index < texts else "right", style=style, overflow="fold")
    for row in rows:
        table.add_row(*map(spell, row))
    return table


def images_of(one: Selection) -> str:
    """Return how many images an accuracy rests on: "150", or "100 to 150"."""
    least, most = one.images
    return str(least) if least == most else f"{least} to {most}"


def chosen_heads(one: Selection) -> list[str]:
    """Return the heads of the first table: the suite's rule by its name, where all methods share it."""
    rules = {chosen.rule for chosen in one.chosen}
    return [name.format(rule=rules.pop() if len(rules) == 1 else "suite's rule") for name in CHOSEN]


def chosen_rows(one: Selection) -> list[list[str]]:
    """Return the first table's rows, one a method."""
    numbers = [(line.last, line.picked, line.oracle, line.regret) for line in one.chosen]
    return [
        [line.architecture, line.method, *(_number(mean, PERCENT, 1) if one.labelled else NO_LABELS for mean in means)]
        for line, means in zip(one.chosen, numbers, strict=True)
    ]


def judged_rows(one: Selection) -> list[list[str]]:
    """Return the second table's rows, one a rule, the best order first."""
    return [
        [
            line.rule,
            *(_number(mean, PLAIN, 2) for mean in (line.across, line.within)),
            *(_number(mean, PERCENT, 1) for mean in (line.picked, line.regret)),
        ]
        for line in one.judged
    ]


def _number(mean: Mean, column: Column, decimals: int) -> str:
    if math.isnan(mean.value):
        return NOTHING
    value = fixed(mean.value, column, decimals)
    return f"{value} (1 value)" if mean.se is None else f"{value} ± {fixed(mean.se, column, decimals)}"
