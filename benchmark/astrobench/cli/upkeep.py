"""`astrobench fsck`, `astrobench gc` and `astrobench pack`: a results directory, looked after."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from astrobench.cli.output import plain_console
from astrobench.errors import StoreError
from astrobench.inputs import check_inputs
from astrobench.progress import watched_by
from astrobench.store import Store
from astrobench.upkeep import fsck, remove, waste

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from astrobench.cli.running import Wishes


def check_results(results: Path) -> int:
    """Print what is damaged and what follows from it; return 1 where anything was."""
    health, console = fsck(_store(results)), plain_console(soft_wrap=True)
    for damage in health.damage:
        console.print(f"{damage.path}: {damage.why}; set aside: {damage.remedy}")
    for path in health.conflicts:
        console.print(f"{path}: differs from the first result of its key, which stays")
    verdict = f"{len(health.damage)} damaged, set aside" if health.damage else "all sound"
    console.print(f"{results}: {health.checked} files checked, {verdict}")
    return 1 if health.damage else 0


def check_data(results: Path) -> int:
    """Print which data behind stored results have changed, and what rests on them; return 1 where any have."""
    store, console = _store(results), plain_console(soft_wrap=True)
    with _progress() as watcher, watched_by(watcher):
        found = check_inputs(store)
    for item in found.changed:
        rests = f"dataset {item.dataset[:12]} and {len(item.trainings)} trainings{_keys(item.trainings)}"
        console.print(
            f"{item.path} ({item.parameter}): {item.why}; {rests}, with their cells and scores, rest on what it was;"
            " the next run computes anew"
        )
    for key in found.unknown:
        console.print(
            f"dataset {key[:12]}: its files were not recorded when it was prepared, so they cannot be checked"
        )
    for path in found.damaged:
        console.print(f"{path}: its bytes are not those of its seal; set aside: it is made again when it is needed")
    verdict = f"{len(found.changed)} changed or gone" if found.changed else "all as they were read"
    cache = f"{len(found.damaged)} damaged, set aside" if found.damaged else "all sound"
    console.print(f"data: {found.checked} files or folders checked, {verdict}")
    console.print(f"cache: {found.cached} files checked, {cache}")
    return 1 if found.changed or found.damaged else 0


def _keys(keys: Sequence[str]) -> str:
    return f" ({', '.join(key[:12] for key in keys[:3])}{', …' if len(keys) > 3 else ''})" if keys else ""


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int, str], None]]:
    """Show a bar on a terminal, and nothing in a log."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = plain_console(stderr=True)
    columns = TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def watch(activity: str, done: int, total: int, detail: str) -> None:
            if activity not in tasks:
                tasks[activity] = bars.add_task(activity, total=total)
            bars.update(tasks[activity], completed=done, total=total)

        yield watch


def clean_results(results: Path, *, hours: float, dry_run: bool) -> None:
    """Remove what no result needs, or print what would go."""
    found, console = waste(_store(results), hours), plain_console(soft_wrap=True)
    if dry_run:
        for item in found:
            console.print(f"{item.path}: {item.why}, {_megabytes(item.size)}")
    else:
        remove(found)
    for why, number in sorted(Counter(item.why for item in found).items()):
        console.print(f"{number:,} files or folders: {why}")
    done = "would be freed" if dry_run else "freed"
    console.print(f"{results}: {_megabytes(sum(item.size for item in found))} {done}")


def pack_results(wishes: Wishes, folder: Path) -> int:
    """Write the rows of a suite as one sorted file; return 1 where some have no numbers yet."""
    from astrobench.cli.running import ordered, write_records
    from astrobench.engine import Options, Sweep

    order = ordered(wishes)
    rows = Sweep(order.plan, _store(order.results), Options()).rows()
    path = write_records(order.plan, rows, folder)
    done = sum(row.status == "ok" for row in rows)
    plain_console(soft_wrap=True).print(f"{path}: {len(rows)} rows, {done} with numbers")
    return 0 if done == len(rows) else 1


def _store(results: Path) -> Store:
    if not results.is_dir():
        raise StoreError(f"there are no results in {results}; name the folder with --results")
    return Store(results)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
