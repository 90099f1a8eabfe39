"""Tables of a suite that say what its leaderboard shows, and what every table of a suite has in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from astrobench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "[a-z0-9][a-z0-9._-]{0,63}"
Name = Annotated[str, StringConstraints(pattern=f"^{NAME}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+:()=,/-]{0,79}$")]


class Strict(BaseModel):
    """A table of a suite: no unknown key, no silent conversion, no change after it was read."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Column(Strict):
    """A column of the leaderboard: one score at one domain and perturbation.

    kind: "mean" over seeds, or "gain" over the reference method, paired, with its interval. Where `perturbation` names
    a severity curve: "curve_mean", the mean over its severities, or "half_severity", the severity at which half of the
    margin of the unperturbed images over `chance` is lost.
    """

    title: str
    score: str
    domain: Label
    perturbation: Label = "none"
    kind: Literal["mean", "gain", "curve_mean", "half_severity"] = "mean"
    chance: float | None = None
    percent: bool = False
    help: str = ""

    @model_validator(mode="after")
    def _chance_of_a_half(self) -> Column:
        if self.kind == "half_severity" and self.chance is None:
            raise ValueError(f"column {self.title!r} needs chance, the {self.score} of a guess (of K classes, 1 / K)")
        return self


class Rank(Strict):
    """The cell whose per-image outcomes rank the methods. of: dataset → another domain, where its target is another."""

    domain: Label
    perturbation: Label = "none"
    of: dict[Label, Label] = Field(default_factory=dict)


class CrossScore(Strict):
    """A score of the cross table, at the unperturbed cell."""

    title: str
    score: str
    percent: bool = False


class Cross(Strict):
    """A table of networks trained on each domain and tested on each.

    trained: domain → the dataset entry whose source it is. tested: domains. scores: the first makes the matrix of
    trained × tested, all of them the table below it.
    """

    trained: dict[Label, Label] = Field(min_length=2)
    tested: tuple[Label, ...] = Field(min_length=2)
    scores: tuple[CrossScore, ...] = Field(min_length=1)


class Published(Strict):
    """A published number to set beside ours, or the word that it could not be recovered.

    dataset: the entry of the axis that it belongs to; every one where it is left out. domain: where column names a
    score of the cross table, the domain it was tested on; the dataset says what it was trained on.
    """

    dataset: Label | None = None
    domain: Label | None = None
    architecture: Label
    method: Label
    column: str
    value: float | None = None
    text: str = ""
    source: str


class Measured(Strict):
    """What a profile took when its authors ran it, for the first estimate on a machine that has run nothing yet."""

    dataset_seconds: float
    training_seconds: float
    cell_seconds: float
    megabytes_per_training: float | None = None
    dataset_megabytes: float = 0.0
    on: str = "two CPU cores"
    device: Literal["cpu", "cuda"] = "cpu"


def check_tables(body: Mapping[str, Any], where: str) -> None:
    """Refuse what cannot even be laid over one another: a profile that is no table, or is named like a path."""
    for name in ("profiles", "default_profile"):
        if not isinstance(body.get(name, {}), dict):
            raise SuiteError(f"{where}: {name} = {body[name]!r}: expected a table")
    for name, profile in body.get("profiles", {}).items():
        if not re.fullmatch(NAME, name):
            raise SuiteError(f"{where}: a profile is named {name!r}: expected {NAME}")
        if not isinstance(profile, dict):
            raise SuiteError(f"{where}: profiles.{name} = {profile!r}: expected a table")
    for source in (body, *body.get("profiles", {}).values()):
        if not isinstance(source.get("axes", {}), dict):
            raise SuiteError(f"{where}: axes = {source['axes']!r}: expected a table")


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one table over another: tables merge key by key, everything else is replaced."""
    both = {
        key: merged(base[key], over[key])
        for key in base.keys() & over.keys()
        if isinstance(base[key], dict) and isinstance(over[key], dict)
    }
    return {**base, **over, **both}
