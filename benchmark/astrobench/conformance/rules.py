"""A rule, what became of it, and the report of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from astrobench.registry import Plugin, Registry

Status = Literal["passed", "failed", "skipped"]
S = TypeVar("S")
Rule = Callable[[S], str | None]
"""A function of what is checked, named for what must hold. It may return a remark."""

COLOUR = {"passed": "green", "failed": "red", "skipped": "yellow"}


class BrokenError(Exception):
    """A rule that does not hold: the message says what was found and what was expected."""


class SkippedError(Exception):
    """A rule that says nothing of this plugin: the message says why."""


@dataclass(frozen=True, eq=False)
class Case:
    """What is checked: a plugin with completed parameters, and the registry it stands in."""

    plugin: Plugin
    params: Mapping[str, Any]
    registry: Registry

    def call(self, *given: Any, **changed: Any) -> Any:
        """Call the plugin as the engine would, with some parameters changed."""
        return self.plugin.resolve()(*given, **self.plugin.complete({**self.params, **changed}))


@dataclass(frozen=True)
class Check:
    """One rule: its name, whether it held, and a sentence."""

    name: str
    status: Status
    told: str = ""


@dataclass(frozen=True)
class Report:
    """All checks of one plugin, in order."""

    kind: str
    name: str
    origin: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(one for one in self.checks if one.status == "failed")

    def __rich__(self) -> Table:
        """Return the report as a table for the terminal."""
        title = f"{self.kind.removesuffix('s')} {self.name} from {self.origin}"
        table = Table(title=Text(title, "bold"), title_justify="left", box=None, show_header=False, pad_edge=False)
        for one in self.checks:
            table.add_row(Text(one.status, COLOUR[one.status]), Text(one.name), Text(one.told, "dim"))
        return table


def expect(holds: bool, told: str) -> None:
    """Raise BrokenError with a sentence unless the claim holds."""
    if not holds:
        raise BrokenError(told)


def run(rules: Iterable[Rule[S]], subject: S) -> tuple[Check, ...]:
    """Try each rule. The first is the one that the others stand on: when it fails they are skipped."""
    checks: list[Check] = []
    for rule in rules:
        blocked = bool(checks) and checks[0].status == "failed"
        name = rule.__name__.replace("_", " ")
        checks.append(
            Check(name, "skipped", f"not tried: {checks[0].name} failed") if blocked else _tried(rule, subject)
        )
    return tuple(checks)


def _tried(rule: Rule[S], subject: S) -> Check:
    name = rule.__name__.replace("_", " ")
    try:
        return Check(name, "passed", rule(subject) or "")
    except SkippedError as reason:
        return Check(name, "skipped", str(reason))
    except BrokenError as reason:
        return Check(name, "failed", str(reason))
    except (Exception, SystemExit) as error:
        return Check(name, "failed", " ".join(f"raises {type(error).__name__}: {error}".split())[:400])
