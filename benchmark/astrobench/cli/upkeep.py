"""`astrobench fsck`, `astrobench gc` and `astrobench pack`: a results directory, looked after."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from astrobench.cli.output import plain_console
from astrobench.errors import StoreError
from astrobench.store import Store
from astrobench.upkeep import fsck, remove, waste

if TYPE_CHECKING:
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
