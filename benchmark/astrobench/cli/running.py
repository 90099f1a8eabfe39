"""`astrobench run`: from the words of a command line to a leaderboard on the screen and on disk."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.cli.overrides import chosen, over, tables_of
from astrobench.errors import InfraError, PluginError, SuiteError, did_you_mean

if TYPE_CHECKING:
    from astrobench.cli.display import Display
    from astrobench.engine import Sweep
    from astrobench.plan import Plan
    from astrobench.records import Row
    from astrobench.registry import Registry
    from astrobench.suite import Suite


@dataclass(frozen=True)
class Wishes:
    """What a command line asks for, as it was typed."""

    suite: str
    profile: str | None
    method: str | None
    architecture: str | None
    perturbation: str | None
    seeds: str | None
    limit: int | None
    device: str
    workers: int | None
    results: Path
    sets: list[str]


@dataclass(frozen=True)
class Order:
    """What the wishes come to: a plan, its devices and workers, and where its results are.

    usual: the suite as its file and profile have it, which is what its authors measured.
    """

    plan: Plan
    usual: Suite
    devices: tuple[str, ...]
    workers: int
    results: Path


def ordered(wishes: Wishes) -> Order:
    """Turn wishes into a plan. Raises AstrobenchError in one sentence for whatever cannot be done."""
    from astrobench.devices import device_class, devices_for
    from astrobench.plan import make_plan
    from astrobench.registry import Registry
    from astrobench.suite import profiles_of, read_suite

    registry = Registry.load()
    path = _suite_path(registry, wishes.suite)
    devices = devices_for(wishes.device)
    kind = device_class(devices[0])
    defaults, _ = profiles_of(path)
    profile = wishes.profile or defaults.get(kind)
    asked = tables_of(wishes.sets)
    suite = read_suite(path, profile, asked)
    suite = read_suite(path, profile, over(asked, chosen(suite.model_dump(mode="json"), wishes, registry)))
    workers = wishes.workers or (os.cpu_count() or 1 if kind == "cpu" else len(devices))
    folder = path.parent.resolve() if wishes.suite.endswith(".toml") else None
    plan = make_plan(suite, registry, profile or "", kind, folder)
    return Order(plan, _usual(path, profile, suite), devices, workers, wishes.results)


def _usual(path: Path, profile: str | None, suite: Suite) -> Suite:
    """Return a suite without what the command line changes, or without measurements where it is none by itself."""
    from astrobench.suite import read_suite

    try:
        return read_suite(path, profile)
    except SuiteError:
        return suite.model_copy(update={"measured": None})


def run_suite(
    wishes: Wishes, *, publish: Path | None, in_process: bool, quiet: bool, figures: bool = True, latents: bool = False
) -> int:
    """Run a suite, print its leaderboard and where its files are, draw its figures; return the exit code."""
    from astrobench.cli.display import Display
    from astrobench.cli.output import plain_console
    from astrobench.engine import Options, Sweep
    from astrobench.exporting import predictions_told
    from astrobench.store import Store
    from astrobench.writing import prove_writable

    order = ordered(wishes)
    store = Store(order.results)
    store.prepare()
    if publish:
        prove_writable(publish / order.plan.suite.name, "--publish")
    console = plain_console()
    with Display(plain_console(stderr=True), quiet=quiet) as display:
        sweep = Sweep(order.plan, store, Options(order.devices, order.workers, in_process, display.watch))
        rows = _swept(sweep, order, display)
    folders = [order.results / "leaderboards"] + ([publish] if publish else [])
    for other in (folders[0] / order.plan.suite.name / "records").glob("*.jsonl"):  # a view of this run alone
        if other != records_file(order.plan, folders[0] / order.plan.suite.name):
            other.unlink(missing_ok=True)
    for folder in folders:
        _publish(order.plan, rows, folder / order.plan.suite.name, in_sight=folder == folders[-1], console=console)
    for line in predictions_told(sweep, folders[0] / order.plan.suite.name, latents=latents):
        console.print(line, soft_wrap=True)
    if figures and order.plan.suite.figures:
        from astrobench.cli.figures import draw_asked

        draw_asked(order, console)
    return _verdict(rows, console)


def _swept(sweep: Sweep, order: Order, display: Display) -> tuple[Row, ...]:
    """Run a sweep behind a display that shows the estimate, and what the datasets have to say once they are open.

    Raises InfraError, with what is lost of the results that were there, where the machine is at fault.
    """
    from astrobench.cli.estimates import notes, summary
    from astrobench.cli.losses import losses

    missing = sweep.missing()
    lines = [*summary(order, sweep.store, missing), *order.plan.suite.notes]
    for line in lines:
        display.say(line)
    left = {cell.key for cells in missing.values() for cell in cells}
    try:
        sweep.prepare()
        for line in notes(order, sweep.store):
            if line not in lines:
                display.say(line)
        return sweep.run()
    except InfraError as error:
        done = (cell.key for cell in order.plan.cells if cell.key not in left)
        raise InfraError(f"{error}; {losses(sweep, done)}") from error


def _publish(plan: Plan, rows: tuple[Row, ...], folder: Path, *, in_sight: bool, console: Any) -> None:
    """Write records and leaderboard; print the leaderboard of the last folder."""
    from astrobench.leaderboard import build, picture, render, terminal
    from astrobench.writing import write_atomically

    records = write_records(plan, rows, folder).parent
    render(folder)
    board = build(folder, plan.profile or None)
    write_atomically(folder / "leaderboard.svg", picture(board, _command()).encode(), replace=True)
    if in_sight:
        console.print(terminal(board))
        console.print(f"leaderboard: {folder / 'README.md'} and {folder / 'table.csv'}", soft_wrap=True)
        console.print(f"records:     {records}", soft_wrap=True)


def records_file(plan: Plan, folder: Path) -> Path:
    """Return the file that a plan's rows have under a leaderboard's folder."""
    return folder / "records" / f"{plan.profile or 'run'}.jsonl"


def write_records(plan: Plan, rows: tuple[Row, ...], folder: Path) -> Path:
    """Write the rows of a plan under a leaderboard's folder; return the file."""
    from astrobench.records import Header, write_rows

    path = records_file(plan, folder)
    part = path.with_name(f".tmp-{os.getpid()}-{path.stem}")  # another run may read the file just now
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(part, Header(plan.suite.model_dump(mode="json"), plan.profile, _command()), rows)
    part.replace(path)
    return path


def _verdict(rows: tuple[Row, ...], console: Any) -> int:
    failed = [row for row in rows if row.status != "ok"]
    lacking = [row for row in rows if row.problems]
    if lacking:
        console.print(f"{len(lacking)} of {len(rows)} cells lack scores of a metric; the first:", style="bold red")
        first = {name: reason for row in reversed(lacking) for name, reason in row.problems.items()}
        for name, reason in first.items():
            console.print(f"  {name}: {reason}")
    if not failed:
        return int(bool(lacking))
    console.print(f"{len(failed)} of {len(rows)} cells failed; the first:", style="bold red")
    for row in failed[:5]:
        where = f"{row.method} · {row.architecture} · {row.domain} · {row.perturbation} · seed {row.seed}"
        console.print(f"  {where}: {row.status}: {row.reason}")
    return 1


def _command() -> str:
    """Return the command that was typed, without the path of the program, in letters whatever the locale."""
    import shlex

    words = [os.fsencode(word).decode("utf-8", "replace") for word in sys.argv[1:]]
    return shlex.join(["astrobench", *words])


def _suite_path(registry: Registry, name: str) -> Path:
    """Return the file of a suite, by name or by path."""
    if name.endswith(".toml"):
        return Path(name)
    try:
        return Path(str(registry.get("suites", name).target))
    except PluginError:
        known = registry.names("suites")
        raise SuiteError(f"unknown suite {name!r}{did_you_mean(name, known)}; or give a .toml file") from None
