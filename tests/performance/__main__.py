"""All races in one table: peer, ours, ratio with its spread, goal and limit.

    python -m tests.performance [--only cka --only harness] [--rounds 5] [--publish]

needs `.[performance]` and, with all races, about an hour on two quiet cores. --publish keeps what ran in
`leaderboards/performance`, with the machine, the versions and the command; races that did not run keep what was there.
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from .publishing import BOARD, publish
from .running import RACES, apart
from .table import HEAD, Row, cells


def shown(rows: list[Row]) -> Table:
    """Return the rows as a table for a terminal."""
    table = Table(*HEAD[:-1], title="astrobench beside its peers")
    for row in rows:
        table.add_row(*(text.replace("**", "") for text in cells(row)[:-1]))
    return table


def main() -> None:
    """Run the races, each in a process of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=RACES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--publish", action="store_true")
    asked = parser.parse_args()
    found: dict[str, list[Row]] = {}
    for race in asked.only or RACES:
        begun = time.perf_counter()
        found[race] = apart(race, asked.rounds)
        print(f"{race}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    console, rows = Console(), [row for rows in found.values() for row in rows]
    console.print(shown(rows))
    for row in rows:
        if row.ours is None:
            console.print(f"{row.race}: {row.peer} {row.note}", markup=False, highlight=False)
    if asked.publish:
        publish(found, asked.rounds)
        print(f"published in {BOARD}")


if __name__ == "__main__":
    main()
