"""What the command line prints: names as they are, and tables that the terminal can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def plain_console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """Return a console that prints a text as it is: brackets and colons in a user's names are no markup."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=soft_wrap)


def print_rows(console: Console, names: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows as a table or, where the terminal is too narrow for one, below one another.

    names: headings of the columns that say what a row is. numbers: headings of the columns behind them.
    """
    rows, table = list(rows), Table()
    for number, heading in enumerate((*names, *numbers)):
        texts = [heading, *(row[number] for row in rows)]
        whole = heading in names or not any(" " in text for text in texts)  # a list, as of seeds, may go on below
        table.add_column(heading, no_wrap=whole, min_width=max(map(cell_len, texts)) if whole else None)
    for row in rows:
        table.add_row(*row)
    if Measurement.get(console, console.options.update(max_width=10_000), table).minimum <= console.width:
        console.print(table)
        return
    for row in rows:
        told = zip(numbers, row[len(names) :], strict=True)
        console.print(" · ".join(row[: len(names)]), style="bold")
        console.print("  " + " · ".join(f"{heading} {value}" for heading, value in told if value))
