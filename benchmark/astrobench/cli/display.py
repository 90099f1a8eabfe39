"""How far a run is: live bars on a terminal, plain lines in a log, nothing when quiet."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from astrobench.carrying import Running

LOG_EVERY = 20.0


class Display:
    """A window on a sweep. It only reads what workers leave in their progress files."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self.console, self.quiet = console, quiet
        self.live = console.is_terminal and not quiet
        self.bars: dict[tuple[str, str], Any] = {}
        self.logged: dict[str, tuple[float, str]] = {}
        self.progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), MofNCompleteColumn(),
            TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=console, transient=True,
        )  # fmt: skip

    def __enter__(self) -> Display:
        if self.live:
            self.progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.live:
            self.progress.stop()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        if not self.quiet:
            self.console.print(text, soft_wrap=True)

    def watch(self, running: Sequence[Running], told: str) -> None:
        """Show what is under way. told: how many tasks of the stage are done."""
        if self.quiet:
            return
        reports = {task.name: _report(Path(task.progress)) for task in running}
        if self.live:
            self._draw(reports, told)
        else:
            self._log(reports, told)

    def _draw(self, reports: dict[str, dict[str, Any]], told: str) -> None:
        shown = {(name, report.get("activity", "starting")) for name, report in reports.items()}
        for gone in [key for key in self.bars if key not in shown]:
            self.progress.remove_task(self.bars.pop(gone))
        for name, report in reports.items():
            key = (name, report.get("activity", "starting"))
            if key not in self.bars:
                text = f"[{told}] {name}: {key[1]}"
                self.bars[key] = self.progress.add_task(text, total=report.get("total"), detail="")
            self.progress.update(
                self.bars[key],
                completed=report.get("done", 0),
                total=report.get("total"),
                description=f"[{told}] {name}: {key[1]}",
                detail=report.get("detail", ""),
            )

    def _log(self, reports: dict[str, dict[str, Any]], told: str) -> None:
        """Print a line for a task when its activity changes, and every twenty seconds."""
        now = time.monotonic()
        for name, report in reports.items():
            activity = report.get("activity")
            last, before = self.logged.get(name, (0.0, ""))
            if activity is None or (activity == before and now - last < LOG_EVERY):
                continue
            self.logged[name] = (now, activity)
            line = f"[{told}] {name}: {activity} {report['done']}/{report['total']} {report['detail']}"
            self.console.print(line.rstrip(), soft_wrap=True)


def _report(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return told
