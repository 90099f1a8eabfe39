"""What --publish writes: leaderboards/performance, and the table of goals in README.md."""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.environment import commit, environment, version_of
from astrobench.keys import key_of

from .table import Row, markdown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOME = Path(__file__).parents[2]
BOARD = HOME / "leaderboards" / "performance"
BLOCK = re.compile(r"(?<=<!-- goals -->\n).*?(?=<!-- end of goals -->)", re.DOTALL)
"""What stands in README.md and follows the figures."""
PEERS = ("torchattacks", "torch-cka", "pytorch-cka", "pytorch-adapt", "benchopt")
PAGE = """# As fast as the physics allows

Each race is run against a named peer on the same work, with the same budget, on one thread unless it says otherwise.
Contenders take turns; a figure is the median over rounds, a ratio the median of each round's ratio to the peer, with
the least and the most of them; more is better. A goal with × speaks of the ratio, any other of the figure. Times are
seconds of CPU unless a row says otherwise, for a wall clock tells of the neighbours too.

{table}
## Where from

{origins}
Run it again: `pip install -e ".[performance]" && python -m tests.performance --publish`. The figures are in
[rows.json](rows.json) and [rows.csv](rows.csv).
"""


def publish(found: Mapping[str, Sequence[Row]], rounds: int, board: Path = BOARD) -> None:
    """Keep the rows of the races that ran beside those, kept before, of races that did not."""
    told = origin(rounds)
    path = board / "rows.json"
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept |= {race: {"origin": told, "rows": [asdict(row) for row in rows]} for race, rows in found.items()}
    write(kept, board)


def write(kept: Mapping[str, Any], board: Path = BOARD) -> None:
    """Write what is known of every race, and into README.md the goals of what stands in this repository."""
    board.mkdir(parents=True, exist_ok=True)
    (board / "rows.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    rows = [Row(**body) for race in kept.values() for body in race["rows"]]
    _write_csv(board / "rows.csv", rows)
    page = PAGE.format(table=markdown(rows), origins="".join(_told(race, kept[race]["origin"]) for race in kept))
    (board / "README.md").write_text(page, encoding="utf-8")
    if board == BOARD:
        text = (HOME / "README.md").read_text(encoding="utf-8")
        (HOME / "README.md").write_text(BLOCK.sub(lambda _: goals(rows), text), encoding="utf-8")


def goals(rows: Sequence[Row]) -> str:
    """Return the table of the rows that have a goal, their limits and no further notes."""
    return markdown([replace(row, note="") for row in rows if row.goal])


def origin(rounds: int) -> dict[str, Any]:
    """Return where figures come from: machine, versions, commit, command. Nothing names a person or a host."""
    import torch  # noqa: F401  # so that the instruction set is told

    surroundings = environment("cpu", 1)
    peers = {name: version_of(name) for name in PEERS}
    machine = {"cores": os.cpu_count(), **surroundings, "peers": peers}
    return {
        "command": f"python -m tests.performance --rounds {rounds}",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine,
        "fingerprint": key_of(machine)[:12],
        "commit": commit(),
    }


def _told(race: str, told: Mapping[str, Any]) -> str:
    machine, commit_ = told["machine"], str(told["commit"]["commit"])[:7]
    return (
        f"- {race}: `{told['command']}`, {told['date']}, commit {commit_}, {machine['cores']} cores"
        f" ({machine['processor']}, {machine['cpu']}), Python {machine['python']},"
        f" torch {machine['packages']['torch']}, fingerprint {told['fingerprint']}\n"
    )


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
