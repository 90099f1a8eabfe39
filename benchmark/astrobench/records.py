"""The rows of a leaderboard: one line of JSON a cell, and the header that says how to read them.

A file of records is JSON lines: the header first, then one row a cell, sorted by identity. It needs no torch, no
plugin and no GPU to be read, so CI republishes a leaderboard from text.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from astrobench.collecting import uncollected
from astrobench.errors import AstrobenchError, StoreError
from astrobench.rowforms import check_header, check_row
from astrobench.severities import Point
from astrobench.strict import LARGEST_FILE, check_line, lines_of, parsed
from astrobench.types import Score
from astrobench.validation import check_picks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np

SCHEMA = 1
NO_LABELS = "no labels"
"""Why a metric was left out of a cell, and what a table shows in place of its numbers."""
RECORDS = "all that no column shows"
"""What the problem of a row is called whose scores are too many for a file of records."""
FAULTS = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What a line that is no record raises."""


@dataclass(frozen=True)
class Row:
    """One cell: what was run, how it ended, and its numbers.

    The axes hold labels as the suite gives them. status: "ok", or why it failed ("plugin_error", …) with the
    reason. correct: for a classification, which test images were right, packed bits in base64, in the order of
    their objects, ids and rows, so that two methods can be compared image by image. correct_of: a digest of those
    images in that order; only where it agrees do bits stand for the same images. objects: packed bits in that order,
    set where the images of another object begin; empty where each image shows an object of its own. images: how many
    the domain's test set has; a cell whose perturbation returned some scores fewer. In older records the three are not
    there. labelled: whether the labels of its images are known. skipped: label of a metric → why it was left out.
    point: where on which severity curve its perturbation lies. checkpoints: what each rule of model selection picks,
    and how good every kept epoch is (see `validation.picks_at`). problems: label of a metric → why it gave no score of
    this cell, or not all of them, while the numbers of the others stand. provenance: where the number comes from.
    """

    dataset: str
    domain: str
    architecture: str
    method: str
    perturbation: str
    seed: int
    cell: str
    training: str
    status: str
    reason: str = ""
    oracle: bool = False
    scores: Mapping[str, Score] = field(default_factory=dict)
    correct: str = ""
    correct_n: int = 0
    images: int = 0
    correct_of: str = ""
    objects: str = ""
    labelled: bool = True
    skipped: Mapping[str, str] = field(default_factory=dict)
    point: Point | None = None
    checkpoints: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str, str, str, int]:
        """What the row is about, in the order by which rows are sorted."""
        return self.dataset, self.architecture, self.method, self.domain, self.perturbation, self.seed


@dataclass(frozen=True)
class Header:
    """What a file of rows belongs to. suite: the whole suite as run (its `model_dump`). command: what made it."""

    suite: Mapping[str, Any]
    profile: str
    command: str
    schema: int = SCHEMA


def pack_bits(correct: np.ndarray) -> str:
    """Return bool (N,) as base64 text of packed bits."""
    import numpy as np

    return base64.b64encode(np.packbits(correct.astype(bool)).tobytes()).decode("ascii")


def unpack_bits(text: str, n: int) -> np.ndarray:
    """Return the bool (N,) behind `pack_bits`."""
    import numpy as np

    bits = np.unpackbits(np.frombuffer(base64.b64decode(text), dtype=np.uint8))
    return bits[:n].astype(bool)


def write_rows(path: Path, header: Header, rows: Iterable[Row]) -> None:
    """Write a file of records, sorted, byte for byte the same whenever the rows are the same.

    What the reader would refuse is not written: a row that is too large keeps the scores that the suite shows, and any
    other that could not be read keeps its labels and the reason.
    """
    with uncollected():
        head = json.dumps({"header": asdict(header)}, sort_keys=True)
        ordered = sorted(rows, key=lambda row: row.identity)
        lines = [_written(row, header.suite) for row in ordered]
        size = len(head) + sum(map(len, lines)) + len(lines) + 1
        if size > LARGEST_FILE:
            told = f"all scores of the suite take {size:,} bytes, a file of records may have {LARGEST_FILE:,}"
            lines = [_written(_cut(row, header.suite, told), header.suite) for row in ordered]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def shown_scores(suite: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the scores that a suite's leaderboard shows. suite: as in `Header.suite`."""
    tables = [*(suite.get("columns") or ()), *((suite.get("cross") or {}).get("scores") or ())]
    return frozenset(str(table["score"]) for table in tables)


def _written(row: Row, suite: Mapping[str, Any]) -> str:
    """Return a row's line, one that the reader takes."""
    text, fault = _line_of(row)
    if fault:
        text, fault = _line_of(_cut(row, suite, f"the whole row cannot be recorded: {fault}"))
    if fault:
        bare = {name: getattr(row, name) for name in ("dataset", "domain", "architecture", "method", "perturbation")}
        told = f"its row cannot be recorded: {fault}"
        text, fault = _line_of(
            Row(**bare, seed=row.seed, cell=row.cell, training=row.training, status="invalid_result", reason=told)
        )
    if fault:
        raise StoreError(f"the row of {row.identity} cannot be recorded: {fault}")
    return text


def _line_of(row: Row) -> tuple[str, str]:
    """Return a row as a line, and why the reader would refuse it, or "".

    It is not read back, which would take twice the time of writing, but put to the same checks.
    """
    try:
        body = _plain(row)
        text = json.dumps(body, sort_keys=True, allow_nan=False)
        check_row(body)
        check_picks(body.get("checkpoints", {}))
        check_line(text)
    except FAULTS as error:
        return "", str(AstrobenchError(error))
    return text, ""


def _cut(row: Row, suite: Mapping[str, Any], reason: str) -> Row:
    shown = shown_scores(suite)
    kept = {name: score for name, score in row.scores.items() if name in shown}
    lost = len(row.scores) - len(kept)
    told = {RECORDS: f"{lost:,} scores left out: {reason}"} if lost else {}
    return replace(row, scores=kept, problems={**row.problems, **told})


def read_rows(path: Path) -> tuple[Header, tuple[Row, ...]]:
    """Read a file of records. Raises StoreError naming the file and line that cannot be read."""
    lines = lines_of(path)
    if lines == [""]:
        raise StoreError(f"{path} is empty: expected a header line and one line a cell")
    header = _line(path, 1, lines[0], _header)
    if header.schema != SCHEMA:
        raise StoreError(f"{path} has record schema {header.schema}, this astrobench reads {SCHEMA}")
    with uncollected():
        return header, tuple(_line(path, n, line, _row) for n, line in enumerate(lines[1:], 2) if line.strip())


def _line(path: Path, number: int, text: str, build: Any) -> Any:
    try:
        return build(parsed(text))
    except FAULTS as error:
        raise StoreError(f"{path}:{number} is not a record: {error}") from None


def _header(body: dict[str, Any]) -> Header:
    check_header(body)
    return Header(**body["header"])


def _row(body: dict[str, Any]) -> Row:
    check_row(body)
    scores = {name: score_from_plain(score) for name, score in body.pop("scores").items()}
    point = body.pop("point", None)
    check_picks(body.get("checkpoints", {}))
    return Row(scores=scores, point=None if point is None else Point(**point), **body)


def _plain(row: Row) -> dict[str, Any]:
    left_out = {"scores", *(name for name in ("checkpoints", "problems", "skipped") if not getattr(row, name))}
    left_out |= {"labelled"} if row.labelled else set()
    body = {name: value for name, value in vars(row).items() if name not in left_out}
    body["reason"] = _readable(row.reason)
    if row.problems:
        body["problems"] = {name: _readable(reason) for name, reason in row.problems.items()}
    point = None if row.point is None else asdict(row.point)
    return {**body, "point": point, "scores": {name: score_to_plain(score) for name, score in row.scores.items()}}


def _readable(text: str) -> str:
    """Return a plugin's words without what the reader refuses: half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return str(AstrobenchError(text))
    return text


def score_to_plain(score: Score) -> dict[str, Any]:
    """Return a score as JSON types, with null for a value that is not finite."""
    body = {name: value for name, value in asdict(score).items() if value not in (None, "")}
    for name in ("value", "se"):
        if name in body and not abs(body[name]) < float("inf"):
            body[name] = None
    if not all(abs(end) < float("inf") for end in body.get("interval", ())):
        del body["interval"]
    if "interval" in body:
        body["interval"] = list(body["interval"])
    return body


def score_from_plain(body: Mapping[str, Any]) -> Score:
    """Return the score behind `score_to_plain`: a null value is NaN."""
    value, ends = body.get("value"), body.get("interval")
    told = {**body, "value": float("nan") if value is None else float(value)}
    if ends is not None:
        told["interval"] = float(ends[0]), float(ends[1])
    return Score(**told)
