"""How trainings went: losses, what a method added to them, and how good the validation set of the source was."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from astrobench import DataError
from matplotlib.ticker import MaxNLocator

from astrobench_figures.looks import looks_of
from astrobench_figures.sheet import Sheet
from astrobench_figures.trainings import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from astrobench import Exhibit
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCHES = (3.7, 2.9)
TRAINED, VALIDATED = "task", "valid_loss"
MERITS = {"valid_accuracy": "accuracy [%]", "valid_r2": "mean R² of the targets"}
"""How good the validation set of the source was, by the name under which it is kept."""
KNOWN = {"epoch", "loss", "valid_sample_loss", TRAINED, VALIDATED, *MERITS}

Histories = dict[int, "Sequence[Mapping[str, float]]"]
"""What each seed's training was told after each epoch."""


def history(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each method, with a line a seed: losses, terms of the method, and source validation.

    Raises: DataError where no training is stored, or one is no longer.
    """
    methods: dict[tuple[str, str, str], dict[int, Exhibit]] = {}
    for one in exhibits:
        methods.setdefault((one.dataset, one.architecture, one.method), {}).setdefault(one.seed, one)
    if not methods:
        raise DataError("figure 'history' draws how trainings went, and no training is stored")
    for labels, cells in methods.items():
        told: Histories = {seed: _told(cell) for seed, cell in cells.items()}
        wide, high = PANEL_INCHES
        size = (wide * (3 if _terms(told) else 2), high)
        shown = tuple(cells.values())
        yield Sheet("How training went", labels, shown, size, partial(_paint, told=told), keys_of(shown))


def _told(cell: Exhibit) -> Sequence[Mapping[str, float]]:
    try:
        return cell.history()
    except DataError as error:
        raise DataError(f"figure 'history' draws how trainings went, and {error}") from None


def _terms(told: Histories) -> tuple[str, ...]:
    """Return the names of what a method adds to the loss of the task."""
    names = (name for epochs in told.values() for epoch in epochs for name in epoch)
    return tuple(name for name in dict.fromkeys(names) if name not in KNOWN)


def _paint(figure: Figure, told: Histories) -> None:
    terms = _terms(told)
    losses, *middle, merits = figure.subplots(1, 3 if terms else 2)
    merit = next((name for name in MERITS if any(name in epoch for epochs in told.values() for epoch in epochs)), "")
    of_one = {name: name for name in terms}
    _panel(losses, told, {TRAINED: "training", VALIDATED: "validation"}, "loss", "Loss of the task")
    for axes in middle:
        _panel(axes, told, of_one, "added to the loss, weighted", f"Terms: {', '.join(terms)}")
    _panel(merits, told, {merit: "validation"}, MERITS.get(merit, ""), "Source validation")
    if merit == "valid_accuracy":
        merits.set_ylim(-4, 104)  # a line at either end is seen whole


def _panel(axes: Axes, told: Histories, names: Mapping[str, str], unit: str, title: str) -> None:
    """Draw named numbers against the epoch: a colour and marker a name, a faint line a seed."""
    looks, scale = looks_of(names), 100 if "%" in unit else 1
    for name, word in names.items():
        look = looks[name]
        for number, (seed, epochs) in enumerate(told.items()):
            known = [(epoch["epoch"] + 1, scale * epoch[name]) for epoch in epochs if name in epoch]
            x, y = zip(*known, strict=True) if known else ((), ())
            label = f"{word}, {_seeds(told)}" if number == 0 else None
            axes.plot(
                x, y, look.marker + look.line, color=look.colour, markersize=3, linewidth=1.1, alpha=0.75, label=label,
                gid=f"{name} seed {seed}",
            )  # fmt: skip
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("epoch")
    axes.set_ylabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)


def _seeds(told: Histories) -> str:
    return f"seed {next(iter(told))}" if len(told) == 1 else f"seeds {', '.join(map(str, told))}"
