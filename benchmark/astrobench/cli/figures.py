"""`astrobench figures`: from the stored cells of a suite to files of pictures; `run` draws those it asks for."""

from __future__ import annotations

import os
import shlex
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from astrobench.cli.running import Order, Wishes, ordered
from astrobench.digests import source_digest
from astrobench.errors import AstrobenchError, DataError, StoreError
from astrobench.exhibits import Exhibit, drawers
from astrobench.keys import key_of
from astrobench.stock import Stock
from astrobench.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console
    from torch import nn

    from astrobench.plan import Cell, Job
    from astrobench.types import Dataset, Prediction


def draw_figures(wishes: Wishes, names: Sequence[str], out: Path | None) -> None:
    """Draw figures of what is stored of a suite, those named or all that there can be; print where the files are.

    Raises StoreError where nothing is stored yet, SuiteError for an unknown figure, DataError where the stored cells
    lack what a named figure draws.
    """
    from astrobench.cli.output import plain_console
    from astrobench.writing import prove_writable

    order = ordered(wishes)
    exhibits = exhibits_of(Stock(order.plan, Store(order.results)))
    if not exhibits:
        told = f"suite {order.plan.suite.name!r} has no results yet in {order.results}, or of changed code only"
        raise StoreError(f"{told}: {_first(wishes)}")
    folder = out or _folder(order)
    prove_writable(folder, "--out")
    console = plain_console(soft_wrap=True)
    for told in _drawn(exhibits, names, folder, console):
        console.print(f"not drawn: {told}")
    if len(exhibits) < len(order.plan.cells):
        console.print(f"{len(exhibits)} of {len(order.plan.cells)} cells are stored; the others are not shown")


def draw_asked(order: Order, console: Console) -> None:
    """Draw the figures that a suite asks for, after its run. One that fails costs a line: no number rests on it."""
    stock, folder = Stock(order.plan, Store(order.results)), _folder(order)
    exhibits: tuple[Exhibit, ...] = ()
    for name in order.plan.suite.figures:
        try:
            exhibits = exhibits or exhibits_of(stock)
            _draw_unless_drawn(exhibits, name, folder)
            told = f"figure:      {name} in {folder}"
        except Exception as error:
            named = "" if isinstance(error, AstrobenchError) else f"figure {name!r}: {type(error).__name__}: "
            told = f"not drawn:   {named}{' '.join(str(error).split())}"
        console.print(told, soft_wrap=True)


def _draw_unless_drawn(exhibits: Sequence[Exhibit], name: str, folder: Path) -> None:
    """Draw a figure, unless the folder holds it of these very cells by this very code: a run with all done is quick."""
    from astrobench.writing import write_atomically

    drawn_from = key_of({"cells": [one.key for one in exhibits], "code": source_digest(drawers().FIGURES[name])})
    mark = folder / f".{name}"
    kept = mark.read_text(encoding="ascii", errors="replace") if any(folder.glob(f"{name}*")) and mark.is_file() else ""
    if kept != drawn_from:
        list(_drawn(exhibits, [name], folder, None))
        write_atomically(mark, drawn_from.encode("ascii"), replace=True)


def _folder(order: Order) -> Path:
    return order.results / "figures" / order.plan.suite.name


def _drawn(exhibits: Sequence[Exhibit], names: Sequence[str], folder: Path, console: Console | None) -> Iterator[str]:
    """Draw, tell each file as it is written where there is a console, and yield what cannot be drawn."""
    from astrobench.writing import write_atomically

    def keep(name: str, data: bytes) -> None:
        write_atomically(folder / name, data, replace=True)
        if console is not None:
            console.print(str(folder / name))

    os.environ["MPLBACKEND"] = "agg"  # whatever the shell says: nothing is shown, so no display is needed
    yield from drawers().draw(exhibits, names, keep)


def exhibits_of(stock: Stock) -> tuple[Exhibit, ...]:
    """Return the predicted cells of a plan, in its order. Opens no array and no dataset.

    A dataset is opened once for all of its cells: what is in the cache is verified whenever it is.
    """
    jobs = {job.dataset_key: job for job in stock.plan.jobs.values()}
    opened = lru_cache(maxsize=1)(lambda key: _dataset(jobs[key]))
    ready = {job.key for job in stock.plan.jobs.values() if stock.prepared(job)}
    cells = (cell for cell in stock.plan.cells if cell.job in ready and stock.predicted(cell))
    return tuple(_exhibit(stock, cell, opened) for cell in cells)


def _exhibit(stock: Stock, cell: Cell, opened: Callable[[str], Dataset]) -> Exhibit:
    job, suite = stock.plan.job_of(cell), stock.plan.suite
    about: dict[str, Any] = (stock.store.read("datasets", job.dataset_key) or {})["result"]
    return Exhibit(
        suite=suite.name,
        version=suite.version,
        profile=stock.plan.profile,
        **stock.plan.labels(cell),
        dataset_key=job.dataset_key,
        source=job.source,
        clean=cell.perturbation.plugin == "none",
        key=cell.key,
        task=about["task"],
        synthetic=about["synthetic"],
        unit=about["unit"],
        classes=tuple(about["classes"]),
        reference=suite.reference,
        point=stock.plan.points.get(cell.perturbation.label),
        predicted=partial(_prediction, stock.store, cell, job),
        opened=partial(opened, job.dataset_key),
        network=partial(_network, stock.store, job, opened),
        history=partial(_history, stock.store, job),
        labelled=cell.domain not in about.get("unlabelled", ()),
    )


def _prediction(store: Store, cell: Cell, job: Job) -> Prediction:
    from astrobench.stages.score import stored_prediction

    found = stored_prediction(store, {}, cell.key, cell.domain, job.dataset_key, job.limit)
    if found is None:
        raise DataError(f"cell {cell.key[:12]} is stored no longer: run the suite again")
    return found


def _dataset(job: Job) -> Dataset:
    from astrobench.stages.datasets import limited, open_dataset, registry_of

    return limited(open_dataset(registry_of(job.dataset), job.dataset), job.limit)


def _network(store: Store, job: Job, opened: Callable[[str], Dataset]) -> nn.Module:
    from astrobench.stages.networks import shown_network

    return shown_network(store, job, opened(job.dataset_key))


def _history(store: Store, job: Job) -> list[dict[str, Any]]:
    from astrobench.stages.networks import shown_history

    return shown_history(store, job)


def _first(wishes: Wishes) -> str:
    """Return the command that makes what is missing."""
    options = [
        ("--suite", wishes.suite),
        ("--profile", wishes.profile),
        ("--method", wishes.method),
        ("--architecture", wishes.architecture),
        ("--perturbation", wishes.perturbation),
        ("--seeds", wishes.seeds),
        ("--limit", wishes.limit),
        ("--results", wishes.results),
        *(("--set", word) for word in wishes.sets),
    ]
    words = [str(word) for option, value in options if value is not None for word in (option, value)]
    return f"run it first: {shlex.join(['astrobench', 'run', *words])}"
