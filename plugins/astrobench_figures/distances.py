"""How far a galaxy moves in latent space: to its image in another domain, and to its attacked twin.

After arXiv:2112.14299, figure 6; bins and base are those of galaxies.md §1.8, for the published ones are not known.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import DataError, paired_rows
from matplotlib.ticker import MaxNLocator
from scipy.spatial.distance import jensenshannon

from astrobench_figures.looks import looks_of
from astrobench_figures.sheet import Sheet, in_lines
from astrobench_figures.trainings import families_of, keys_of, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from astrobench_figures.looks import Look
    from astrobench_figures.trainings import Tests

BINS = 20
PANEL_INCHES = (3.6, 2.6)
SHUFFLES = 100


DRAWS = "figure 'distances' draws how far images move in latent space under a method and the reference, and"


class Move(NamedTuple):
    """From a learned cell to another of the same training, of the reference first and then of the method."""

    starts: tuple[Exhibit, Exhibit]
    ends: tuple[Exhibit, Exhibit]

    @property
    def name(self) -> str:
        """Return where the way begins and ends."""
        return f"{self.starts[0].domain} to {name_of(self.ends[0])}"


class Compared(NamedTuple):
    """A move with the distances float64 (n,) of the reference and of the method, or the reason why there are none."""

    move: Move
    lengths: tuple[np.ndarray, np.ndarray]
    flipped: bool
    fault: str


def distances(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each method beside the reference: a row a seed, a column another domain or an attack.

    A sheet that would have no distance at all is left out.

    Raises: DataError where no method and the reference were both tested on more than the domain that they learned, or
    no image of theirs can be compared.
    """
    families, found = families_of(exhibits), 0
    faults: dict[str, None] = {}
    for (dataset, architecture, method), ours in families.items():
        theirs = families.get((dataset, architecture, ours[0].learned.reference), ())
        moves = [] if theirs is ours else [moves for moves in map(partial(_moves, theirs=theirs), ours) if moves]
        rows = [tuple(map(compared, row)) for row in moves]
        if all(one.fault for row in rows for one in row):
            faults |= dict.fromkeys(f"from {one.move.name} {one.fault}" for row in rows for one in row)
            continue
        found += 1
        yield _sheet((dataset, architecture, f"{method} beside {ours[0].learned.reference}"), rows)
    if not found:
        nothing = "no stored cells are of both, on the learned domain and on another or under attack"
        raise DataError(f"{DRAWS} {'; '.join(faults) or nothing}")


def compared(move: Move) -> Compared:
    """Return a move with its distances, or with why there are none."""
    lengths, flipped = lengths_of(move)
    fault = ""
    if not len(lengths[0]):
        apart = "no image has its id in both domains: they are not paired"
        fault = "no image was flipped under both methods" if flipped else apart
    elif not np.isfinite(lengths).all():
        fault = "some latents are not finite"
    return Compared(move, lengths, flipped, fault)


def _moves(ours: Tests, theirs: Sequence[Tests]) -> tuple[Move, ...]:
    """Return the moves that the training of the same seed under the reference made too."""
    for other in theirs:
        if other.learned.seed == ours.learned.seed:
            starts = other.learned, ours.learned
            known = {(one.domain, one.perturbation): one for one in other.moved}
            pairs = ((known.get((one.domain, one.perturbation)), one) for one in ours.moved)
            return tuple(Move(starts, (first, second)) for first, second in pairs if first is not None)
    return ()


def _sheet(labels: tuple[str, ...], rows: Sequence[tuple[Compared, ...]]) -> Sheet:
    columns = max(len(moves) for moves in rows)
    size = (max(PANEL_INCHES[0] * columns, 5.0), PANEL_INCHES[1] * len(rows))
    cells = dict.fromkeys(cell for row in rows for one in row for cell in (*one.move.starts, *one.move.ends))
    heading, paint = "Distances in latent space", partial(_paint, rows=rows, columns=columns)
    return Sheet(heading, labels, tuple(cells), size, paint, keys_of(tuple(cells)))


def _paint(figure: Figure, rows: Sequence[tuple[Compared, ...]], columns: int) -> None:
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for row, moves in zip(panels, rows, strict=True):
        starts = moves[0].move.starts
        looks = looks_of(start.method for start in starts)
        for axes, one in zip(row, moves, strict=False):
            _panel(axes, one, looks, figure.get_figwidth() / columns)
        for axes in row[len(moves) :]:
            axes.remove()
        row[0].set_ylabel(f"seed {starts[0].seed}\nimages")
    for axes in (axes for axes in panels[-1] if axes.get_frame_on()):
        axes.set_xlabel("Euclidean distance [latent units]")


def _panel(axes: Axes, one: Compared, looks: dict[str, Look], inches: float) -> None:
    move, both, flipped, fault = one
    which = "images flipped for both" if flipped else "images"
    told = "" if fault else f", JS distance {js_distance(*both):.2f} (by chance {js_by_chance(*both):.2f})"
    axes.set_title(f"{in_lines(move.name, inches)}\n{len(both[0])} {which}{told}", fontsize=9)
    if fault:
        axes.text(0.5, 0.5, fault, ha="center", va="center", transform=axes.transAxes, fontsize=9, wrap=True)
        axes.set_frame_on(False)
        axes.set(xticks=[], yticks=[])
        return
    edges = np.histogram_bin_edges(np.concatenate(both), BINS).tolist()
    for start, lengths in zip(move.starts, both, strict=True):
        look = looks[start.method]
        label = f"{start.method}: mean {lengths.mean():.3g}, median {np.median(lengths):.3g}"
        axes.hist(lengths, edges, histtype="stepfilled", color=look.colour, alpha=0.2)
        axes.hist(lengths, edges, histtype="step", color=look.colour, ls=look.line, lw=1.4, label=label)
        axes.plot(lengths.mean(), 0, look.marker, color=look.colour, clip_on=False, zorder=5)
    axes.margins(y=0.3)  # room for the legend
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=7, loc="upper right")


def lengths_of(move: Move) -> tuple[tuple[np.ndarray, np.ndarray], bool]:
    """Return the distances float64 (n,) under the reference and the method, and whether their ends are attacks.

    The same images for both, in the order of their ids: those in all four cells, and of attacked ones those that were
    flipped under both. Between domains, an id that names several images of one is left out.
    """
    cells = [one.predicted() for one in (*move.starts, *move.ends)]
    rows = paired_rows(*cells).rows
    latents = [one.latent[some].astype(np.float64) for one, some in zip(cells, rows, strict=True)]
    kept = np.ones(len(rows[0]), bool)
    attacks = [(one, some) for one, some in zip(cells[2:], rows[2:], strict=True) if "success" in one.facts]
    for end, some in attacks:
        kept &= np.asarray(end.facts["success"], bool)[some]
    first, second = (np.linalg.norm(latents[i + 2] - latents[i], axis=1)[kept] for i in (0, 1))
    return (first, second), bool(attacks)


def js_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return √(½KL(P‖M) + ½KL(Q‖M)), M = (P + Q)/2, in nat, of the histograms of both over their common range."""
    edges = np.histogram_bin_edges(np.concatenate([first, second]), BINS)
    p, q = (np.histogram(lengths, edges)[0] for lengths in (first, second))
    return float(jensenshannon(p, q))


def js_by_chance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean JS distance of the same distances dealt anew to both: what no difference at all would give."""
    every, rng = np.concatenate([first, second]), np.random.default_rng(0)
    dealt = (rng.permutation(every) for _ in range(SHUFFLES))
    return float(np.mean([js_distance(one[: len(first)], one[len(first) :]) for one in dealt]))
