"""A leaderboard as a page: README.md, the same bytes from the same records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench.leaderboard.crosspage import crosses
from astrobench.leaderboard.escape import markdown
from astrobench.leaderboard.sections import grid, origin, published, troubles
from astrobench.leaderboard.selecting import selected
from astrobench.leaderboard.wording import DASH, all_decimals, few_images, heading, ranked, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench.leaderboard.table import Column, Leaderboard, Line

HOW_TO_READ = f"""\
- **value ± standard error**: mean over seeds. A number marked (1 seed) says nothing about another seed.
- **gain**: difference from `{{reference}}` on the same seeds and, for an accuracy, the same images; positive is
  better. In brackets its 95 % interval, which covers both another draw of seeds and another test set (pp: percentage
  points). With one seed it covers the test set alone; two seeds leave it wide (Student's factor is 12.7 for two seeds,
  4.3 for three, 2.8 for five).
- **rank**: the ranks that a method may hold among those of its architecture. Every pair is tested on {{cell}}, paired
  by seed and image, with Holm's correction over all pairs (5 % for the whole table): “1{DASH}3” means that the data do
  not tell three methods apart. Two methods with fewer than two seeds in common are not told apart. A gain whose
  interval leaves out zero may still share its rank, because a rank answers for all pairs at once.
- **oracle**: trained on target labels, shown as a reference, never ranked.
- **failed**: the cell was run and gave no number; the reasons are below. “{DASH}”: not run, or not measured.
"""
OF_KIND = {
    "gain": "gain in ",
    "curve_mean": "mean over the severities of the curve of ",
    "half_severity": "severity at which half of the margin over chance is lost, of ",
}
HALVES = """\
- **half**: the severity at which half of the margin of the unperturbed score over a guess is lost, interpolated
  between severities, seed by seed. “> x” or “< x” is a bound: some seed never lost half up to the hardest severity, or
  had lost it before the mildest, and x is the mean with that end in its place.
"""
FEW_IMAGES = """\
- **n**: how many images a number rests on, where those are fewer than the domain's test set: an attack met some of
  them, or a score counts the images of one class, those that were flipped, or the pairs that an id makes. By seed it
  may differ; then the fewest and the most stand there. Several images of one object count one by one, and are one draw
  in an interval.
"""
UNLABELLED = """\
- **no labels**: nobody has labelled an image of {domains}: what needs labels is not measured there, and nothing is
  ranked by it. `astrobench run` writes what each network predicts of every image into `predictions/`, beside the
  leaderboard in its results folder, as CSV and Parquet.
"""
ENVIRONMENTS = """\
- **environment**: rows with different letters were made on different software or hardware (see below); their last
  digits may differ for that reason alone.
"""


def page(board: Leaderboard) -> str:
    """Return the whole README.md of a leaderboard."""
    parts = [
        f"# {markdown(board.title)}",
        markdown(board.suite.get("description", "")),
        *_tables(board),
        "## How to read it",
        _how_to_read(board),
        "\n".join(f"- {_told(column)}" for column in board.columns),
        *crosses(board),
        *selected(board),
        *troubles(board),
        *published(board),
        *origin(board),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _tables(board: Leaderboard) -> Iterator[str]:
    for (profile, dataset), lines in board.sections:
        yield f"## {markdown(f'{dataset}, profile {profile}' if profile else dataset)}"
        yield _table(board, lines)
    if not board.lines:
        yield "No records yet."


def _table(board: Leaderboard, lines: Sequence[Line]) -> str:
    many = len(board.environments) > 1
    heads = [markdown(" ".join(filter(None, heading(column)))) for column in board.columns]
    names = ["Architecture", "Rank", "Method", *heads, "Seeds", *(["Environment"] if many else [])]
    decimals = all_decimals(board)
    rows = [_row(board, line, decimals) + ([" ".join(line.environments)] if many else []) for line in lines]
    return grid(names, rows, right=range(3, 4 + len(heads)))


def _row(board: Leaderboard, line: Line, decimals: Sequence[int]) -> list[str]:
    cells = [
        words(cell, column, places, len(line.seeds))
        for cell, column, places in zip(line.cells, board.columns, decimals, strict=True)
    ]
    rank = "oracle, not ranked" if line.oracle else ranked(line)
    return [markdown(line.architecture), rank, markdown(line.method), *cells, str(len(line.seeds))]


def _how_to_read(board: Leaderboard) -> str:
    rank = board.suite.get("rank") or {}
    cell = " ".join(str(rank[key]) for key in ("domain", "perturbation") if key in rank) or "one cell"
    cell += "".join(
        f" ({domain} where the dataset is “{dataset}”)" for dataset, domain in (rank.get("of") or {}).items()
    )
    told = HOW_TO_READ.format(reference=markdown(board.reference), cell=markdown(cell))
    halves = HALVES if any(column.kind == "half_severity" for column in board.columns) else ""
    few = FEW_IMAGES if few_images(board) else ""
    domains = " and ".join(map(markdown, board.unlabelled))
    unlabelled = UNLABELLED.format(domains=domains) if domains else ""
    return told + halves + few + unlabelled + (ENVIRONMENTS if len(board.environments) > 1 else "")


def _told(column: Column) -> str:
    direction = f"; {column.better} is better" if column.better else ""
    where = f"{column.score} at {column.domain}, {column.perturbation}{direction}"
    gain = OF_KIND.get(column.kind, "")
    told = f": {markdown(column.help)}" if column.help else ""
    return f"**{markdown(column.title)}** ({gain}{markdown(where)}){told}"
