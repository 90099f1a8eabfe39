"""`astrobench run`: from the words of a command line to a leaderboard on the screen and on disk."""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.errors import PluginError, SuiteError, did_you_mean

if TYPE_CHECKING:
    from astrobench.plan import Plan
    from astrobench.records import Row
    from astrobench.registry import Registry


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
    """What the wishes come to: a plan, its devices and workers, and where its results are."""

    plan: Plan
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
    chosen = _chosen(suite.model_dump(mode="json"), wishes, registry)
    suite = read_suite(path, profile, {**asked, **_merged_axes(asked, chosen)})
    workers = wishes.workers or (os.cpu_count() or 1 if kind == "cpu" else len(devices))
    return Order(make_plan(suite, registry, profile or "", kind), devices, workers, wishes.results)


def run_suite(
    wishes: Wishes, *, publish: Path | None, in_process: bool, quiet: bool, figures: bool = True, latents: bool = False
) -> int:
    """Run a suite, print its leaderboard and where its files are, draw its figures; return the exit code."""
    from rich.console import Console

    from astrobench.cli.display import Display
    from astrobench.cli.estimates import notes, summary
    from astrobench.engine import Options, Sweep
    from astrobench.exporting import predictions_told
    from astrobench.store import Store
    from astrobench.writing import prove_writable

    order = ordered(wishes)
    store = Store(order.results)
    store.prepare()
    if publish:
        prove_writable(publish / order.plan.suite.name, "--publish")
    console = Console()
    with Display(Console(stderr=True), quiet=quiet) as display:
        sweep = Sweep(order.plan, store, Options(order.devices, order.workers, in_process, display.watch))
        lines = [*summary(order, store, sweep.missing()), *order.plan.suite.notes]
        for line in lines:
            display.say(line)
        sweep.prepare()
        for line in notes(order, store):
            if line not in lines:
                display.say(line)
        rows = sweep.run()
    folders = [order.results / "leaderboards"] + ([publish] if publish else [])
    for other in (folders[0] / order.plan.suite.name / "records").glob("*.jsonl"):  # a view of this run alone
        if other != records_file(order.plan, folders[0] / order.plan.suite.name):
            other.unlink(missing_ok=True)
    for folder in folders:
        _publish(order.plan, rows, folder / order.plan.suite.name, in_sight=folder == folders[-1], console=console)
    for line in predictions_told(sweep, folders[0] / order.plan.suite.name, latents=latents):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if figures and order.plan.suite.figures:
        from astrobench.cli.figures import draw_asked

        draw_asked(order, console)
    return _verdict(rows, console)


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
        console.print(f"leaderboard: {folder / 'README.md'} and {folder / 'table.csv'}", highlight=False)
        console.print(f"records:     {records}", highlight=False)


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
            console.print(f"  {name}: {reason}", markup=False, highlight=False)
    if not failed:
        return int(bool(lacking))
    console.print(f"{len(failed)} of {len(rows)} cells failed; the first:", style="bold red")
    for row in failed[:5]:
        where = f"{row.method} · {row.architecture} · {row.domain} · {row.perturbation} · seed {row.seed}"
        console.print(f"  {where}: {row.status}: {row.reason}", markup=False, highlight=False)
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


def tables_of(words: list[str]) -> dict[str, Any]:
    """Return `--set a.b=value` as nested tables; the value is TOML, or text where it is none."""
    tables: dict[str, Any] = {}
    for word in words:
        path, equals, text = word.partition("=")
        if not equals or not path:
            raise SuiteError(f"--set {word!r} is not key=value, e.g. --set training.epochs=5")
        place = tables
        *heads, last = path.split(".")
        for head in heads:
            place = place.setdefault(head, {})
        place[last] = _toml_value(text)
    return tables


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _chosen(suite: dict[str, Any], wishes: Wishes, registry: Registry) -> dict[str, Any]:
    """Return the axes and limit that the command line asks for, as a table to lay over the suite."""
    from astrobench.leaderboard.defaults import unperturbed_label

    axes = suite["axes"]
    over: dict[str, Any] = {}
    for axis, kind, asked in (
        ("method", "methods", wishes.method),
        ("architecture", "architectures", wishes.architecture),
        ("perturbation", "perturbations", wishes.perturbation),
    ):
        if asked is not None:
            always = {"method": suite["reference"], "perturbation": unperturbed_label(suite)}.get(axis)
            over[axis] = _picked(axes[axis], _words(asked), always, registry, kind)
    if wishes.seeds is not None:
        over["seed"] = [_seed(word) for word in _words(wishes.seeds)]
    return {**({"axes": over} if over else {}), **({"limit": wishes.limit} if wishes.limit else {})}


def _picked(
    uses: list[dict[str, Any]], words: list[str], always: str | None, registry: Registry, kind: str
) -> list[Any]:
    """Return the entries of an axis that were asked for; a plugin that the suite does not name is added plainly."""
    if always is not None and always not in words:
        words = [always, *words]
    picked: list[Any] = []
    for word in words:
        found = [use for use in uses if word in (use["label"], use["plugin"])]
        if not found:
            registry.get(kind, word)
            found = [{"plugin": word}]
        picked += found
    return picked


def _merged_axes(asked: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    axes = {**asked.get("axes", {}), **chosen.get("axes", {})}
    return {**chosen, **({"axes": axes} if axes else {})}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _seed(word: str) -> int:
    if not word.isdigit():
        raise SuiteError(f"--seeds has {word!r}; expected whole numbers from 0, comma-separated, e.g. 0,1")
    return int(word)
