"""`where` and `exclude`: which cells of the cross product a suite keeps; and that all it names is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astrobench.errors import SuiteError, did_you_mean
from astrobench.exhibits import drawers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench.suite import Suite


def kept(suite: Suite, labels: Mapping[str, Any]) -> bool:
    """Say whether `where` and `exclude` keep the cell with these labels."""
    wanted = not suite.where or any(_matches(clause, labels) for clause in suite.where)
    return wanted and not any(_matches(clause, labels) for clause in suite.exclude)


def _matches(clause: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    return all(labels[axis] in (value if isinstance(value, list) else [value]) for axis, value in clause.items())


def check_filters(suite: Suite, known: Mapping[str, Iterable[Any]]) -> None:
    """Refuse a filter that names a label no profile of the suite has: it would silently do nothing.

    known: axis → every label it has in the suite or in any of its profiles.
    """
    for name, clauses in (("where", suite.where), ("exclude", suite.exclude)):
        for axis, value in ((axis, value) for clause in clauses for axis, value in clause.items()):
            for label in value if isinstance(value, list) else [value]:
                if label not in known[axis]:
                    guess = did_you_mean(str(label), map(str, known[axis]))
                    raise SuiteError(f"{name}.{axis} = {label!r} is not on that axis{guess}")


def check_named(suite: Suite, known: Mapping[str, Iterable[Any]]) -> None:
    """Refuse a source, rank, cross table or published number that names a dataset or domain of no profile.

    So is a figure that nobody draws.
    """
    drawers().check(suite.figures)
    cross, rank = suite.cross, suite.rank
    trained = cross.trained if cross else {}
    of = rank.of if rank else {}
    told = {
        "published.dataset": ("dataset", [one.dataset for one in suite.published if one.dataset]),
        "published.domain": ("domain", [one.domain for one in suite.published if one.domain]),
        "axes.dataset.source": ("domain", [use.source for use in suite.axes.dataset if use.source]),
        "rank.of": ("dataset", list(of)),
        "rank.of of a dataset": ("domain", list(of.values())),
        "cross.trained": ("domain", list(trained)),
        "cross.trained of a domain": ("dataset", list(trained.values())),
        "cross.tested": ("domain", list(cross.tested) if cross else []),
    }
    for name, (axis, labels) in told.items():
        for label in labels:
            if label not in known[axis]:
                guess = did_you_mean(str(label), map(str, known[axis]))
                raise SuiteError(f"{name} = {label!r} is not on the axis {axis}{guess}")
