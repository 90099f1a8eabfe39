"""A suite: it reads in every profile, and all that it names is installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from astrobench.conformance.rules import expect
from astrobench.plan import make_plan
from astrobench.suite import profiles_of, read_suite

if TYPE_CHECKING:
    from astrobench.conformance.rules import Case


@dataclass(frozen=True, eq=False)
class Subject:
    """A suite's file."""

    case: Case

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(str(self.case.plugin.target))

    @property
    def profiles(self) -> tuple[str | None, ...]:
        """Its profiles, or None alone where it has none."""
        return profiles_of(self.path)[1] or (None,)


def it_reads_in_every_profile(subject: Subject) -> str:
    """Every profile gives a whole suite."""
    names = [read_suite(subject.path, profile).name for profile in subject.profiles]
    expect(len(set(names)) == 1, f"profiles give the suite different names: {sorted(set(names))}")
    return ", ".join(str(profile) for profile in subject.profiles)


def its_default_profiles_exist(subject: Subject) -> None:
    """The default profile of each device class is one of its profiles."""
    defaults, known = profiles_of(subject.path)
    wrong = sorted(set(defaults.values()) - set(known))
    expect(not wrong, f"default profile {wrong[:1]} is none of {list(known)}")


def its_plan_can_be_made(subject: Subject) -> str:
    """All plugins and parameters that it names are installed and fit, in every profile."""
    registry = subject.case.registry
    cells = {
        profile: len(make_plan(read_suite(subject.path, profile), registry, profile or "", "cpu").cells)
        for profile in subject.profiles
    }
    return ", ".join(f"{profile}: {count} cells" for profile, count in cells.items())


RULES = (it_reads_in_every_profile, its_default_profiles_exist, its_plan_can_be_made)
