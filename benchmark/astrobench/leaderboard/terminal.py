"""A leaderboard on a terminal: as wide as the terminal is, readable in a log."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from astrobench.leaderboard.escape import plain
from astrobench.leaderboard.selecting import tables
from astrobench.leaderboard.wording import (
    DASH,
    MINUS,
    NOTHING,
    all_decimals,
    beside_words,
    few_images,
    heading,
    ranked,
    titled,
    trouble_words,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

    from astrobench.leaderboard.table import Cell, Leaderboard, Line, Trouble

    Speller = Callable[..., Text]

MOST_TROUBLES = 8
ASCII = str.maketrans({"±": "+/-", DASH: "-", MINUS: "-", "↑": "", "↓": "", "·": "-", "�": "?"})


def terminal(board: Leaderboard) -> Board:
    """Return a leaderboard that a rich console prints."""
    return Board(board)


class Board:
    """A leaderboard that rich can print: tables are split where the width does not hold all columns."""

    def __init__(self, board: Leaderboard) -> None:
        self.board = board
        self.decimals = all_decimals(board)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        spell = _speller(options.encoding)
        yield spell(self.board.title, "bold")
        for (profile, dataset), lines in self.board.sections:
            told = (dataset, profile and f"profile {profile}", _common_seeds(lines))
            yield spell(" · ".join(filter(None, told)), "dim")
            for columns in self._chunks(console, options, lines, spell):
                yield self._table(lines, columns, spell)
                yield Text("")
        if self.board.published:
            yield self._beside(spell)
            yield Text("")
        for table in tables(self.board, spell):
            yield table
            yield Text("")
        yield from self._notes(spell)

    def _chunks(
        self, console: Console, options: ConsoleOptions, lines: Sequence[Line], spell: Speller
    ) -> Iterator[list[int]]:
        """Yield the columns of one table after another, as many in each as the width holds."""
        chunk: list[int] = []
        for index in range(len(self.board.columns)):
            wide = self._table(lines, [*chunk, index], spell)
            if chunk and Measurement.get(console, options.update(max_width=10_000), wide).maximum > options.max_width:
                yield chunk
                chunk = []
            chunk.append(index)
        yield chunk

    def _table(self, lines: Sequence[Line], columns: Sequence[int], spell: Speller) -> Table:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column(spell("rank"), no_wrap=True)
        table.add_column(spell("method"), overflow="fold")
        for index in columns:
            title, unit = heading(self.board.columns[index])
            table.add_column(spell(f"{plain(title)}\n{plain(unit)}", keep=True), justify="right", no_wrap=True)
        if not _common_seeds(lines):
            table.add_column(spell("seeds"), justify="right")
        for architecture, members in groupby(lines, key=lambda line: line.architecture):
            table.add_row("", spell(architecture, "bold"))
            for oracle, some in groupby(members, key=lambda line: line.oracle):
                if oracle:
                    table.add_row("", spell("oracle, not ranked:", "dim italic"))
                for line in some:
                    seeds = [] if _common_seeds(lines) else [spell(len(line.seeds))]
                    table.add_row(*self._row(line, columns, spell), *seeds, style="dim" if oracle else "")
        return table

    def _row(self, line: Line, columns: Sequence[int], spell: Speller) -> list[Text]:
        marks = f" [{' '.join(line.environments)}]" if len(self.board.environments) > 1 else ""
        name = f"{line.method}{marks}"
        cells = [
            spell(self._words(line, index), _style(line.cells[index], gain=self.board.columns[index].kind == "gain"))
            for index in columns
        ]
        return [spell("" if line.oracle else ranked(line)), spell(name), *cells]

    def _words(self, line: Line, index: int) -> str:
        return words(line.cells[index], self.board.columns[index], self.decimals[index], len(line.seeds))

    def _beside(self, spell: Speller) -> Table:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, title=spell("ours beside published"))
        table.title_justify = "left"
        for name in ("architecture", "method", "number", "ours", "published"):
            table.add_column(spell(name), overflow="fold")
        decimals = dict(zip(self.board.columns, self.decimals, strict=True))
        for one in self.board.published:
            told = (one.architecture, one.method, titled(one.column), *beside_words(one, decimals))
            table.add_row(*map(spell, told))
        return table

    def _notes(self, spell: Speller) -> Iterator[RenderableType]:
        for note in self._legend():
            yield spell(note, "dim")
        for sentence in self.board.not_given:
            yield spell(sentence, "red")
        found = (
            ("failed", self.board.failures), ("left out", self.board.left_out), ("undefined", self.board.undefined)
        )  # fmt: skip
        for title, troubles in found:
            for trouble in troubles[:MOST_TROUBLES]:
                yield spell(_sentence(title, trouble), "yellow" if title == "undefined" else "red")
            if len(troubles) > MOST_TROUBLES:
                yield spell(f"{title}: and {len(troubles) - MOST_TROUBLES} more kinds, see README.md", "dim")

    def _legend(self) -> Iterator[str]:
        cells = [cell for line in self.board.lines for cell in line.cells]
        yield "value ± standard error over seeds; (1 seed) says nothing about another seed"
        if any(column.kind == "gain" for column in self.board.columns):
            yield f"gain over {self.board.reference}, paired, with its 95 % interval; positive is better"
        if any(cell.bound for cell in cells):
            yield "> or <: half of the margin was never lost up to the hardest severity, or before the mildest"
        if few_images(self.board):
            yield "n: images that a number rests on, where those are fewer than the domain's test set"
        if self.board.unlabelled:
            named = " and ".join(self.board.unlabelled)
            yield f"no labels: of {named}; what needs them is not measured, and nothing is ranked by it"
        if any(line.places is not None for line in self.board.lines):
            yield f"rank 1{DASH}3: the data do not tell the three apart (paired tests, Holm, 5 %)"
        if len(self.board.environments) > 1:
            yield "[A] [B]: made in environments with different fingerprints, see README.md"
        if any(cell.n_failed for cell in cells) or self.board.failures:
            yield f"{NOTHING} not run or not measured; failed cells are named below"


def _common_seeds(lines: Sequence[Line]) -> str:
    """Return "3 seeds" where all lines have as many, or nothing: then each line says it."""
    counts = {len(line.seeds) for line in lines}
    return "" if len(counts) > 1 else "1 seed" if counts == {1} else f"{counts.pop()} seeds"


def _sentence(title: str, trouble: Trouble) -> str:
    return f"{title}: {trouble.architecture}, {trouble.method}: {trouble_words(trouble)}"


def _style(cell: Cell, *, gain: bool) -> str:
    """Colour only what is known: a gain whose interval, over seeds too, leaves zero out; a failure."""
    if not cell.n:
        return "red" if cell.n_failed else "dim"
    if gain and cell.excludes_zero:
        return "green" if cell.mean > 0 else "red"
    return ""


def _speller(encoding: str) -> Speller:
    """Return the function that makes text safe to print: no controls, no markup, and ASCII where that is all."""
    unicode = encoding.lower().replace("-", "").startswith("utf")

    def spell(text: object, style: str = "", *, keep: bool = False) -> Text:
        told = str(text) if keep else plain(text)
        if not unicode:
            told = told.translate(ASCII).encode("ascii", "replace").decode("ascii")
        return Text(told, style=style)

    return spell
