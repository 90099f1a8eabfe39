"""What one metric says of one cell: called on read-only predictions, and checked as the reader of records checks it.

A metric that fails, returns what is no score, or gives too many costs its own columns, and no other metric's.
"""

from __future__ import annotations

import copy
import inspect
import math
import numbers
import random
import traceback
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from astrobench.errors import AstrobenchError, NoLabelsError, PluginError, is_infra
from astrobench.records import NO_LABELS, score_to_plain
from astrobench.rowforms import LONGEST_NOTE, LONGEST_SCORE_NAME, MOST_SCORES, check_scores
from astrobench.seeds import seed_of
from astrobench.stages.readonly import COPY, read_only, wrote_to_read_only
from astrobench.stock import given_twice
from astrobench.types import Prediction, Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from astrobench.choices import Choice

LONGEST_REASON = 300


def scores_of(metrics: Iterable[tuple[Choice, Any]], pairs: Sequence[Prediction | None]) -> dict[str, Any]:
    """Return {"scores": name → plain score, "metrics": name → the metric's label, "failed": label → why it gave none}.

    Where metrics need labels that nobody knows, "skipped" too: label → that reason, which is no failure.

    pairs: clean, perturbed, and the reference's two. Of two metrics that give one name, the first in the suite has it.
    """
    scores: dict[str, Any] = {}
    owners: dict[str, str] = {}
    failed: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for choice, metric in metrics:
        try:
            found = _measured(metric, choice, pairs)
        except (Exception, SystemExit) as error:
            if is_infra(error):
                raise
            if _wants_labels(error):
                skipped[choice.label] = NO_LABELS
                continue
            traceback.print_exc()
            failed[choice.label] = _reason(error)
            continue
        twice = sorted(scores.keys() & found.keys())
        if twice:
            failed[choice.label] = given_twice(twice, owners[twice[0]])
        owners |= dict.fromkeys(found.keys() - scores.keys(), choice.label)
        scores = {**found, **scores}
    return {"scores": scores, "metrics": owners, "failed": failed, **({"skipped": skipped} if skipped else {})}


def _wants_labels(error: BaseException | None) -> bool:
    """Say whether labels that are not there were asked for, whatever a metric made of that error."""
    while error is not None and not isinstance(error, NoLabelsError):
        error = error.__cause__ or error.__context__
    return error is not None


def read_only_prediction(prediction: Prediction) -> Prediction:
    """Return a prediction whose arrays and facts cannot be changed: metrics, cells and figures share it."""
    arrays: dict[str, Any] = {
        name: read_only(value) for name, value in vars(prediction).items() if isinstance(value, np.ndarray)
    }
    arrays.setdefault("labels", None)
    facts = {name: read_only(value) for name, value in prediction.facts.items()}
    return replace(prediction, **arrays, facts=MappingProxyType(facts))


def _measured(metric: Any, choice: Choice, pairs: Sequence[Prediction | None]) -> dict[str, Any]:
    """Call a metric with the two or four predictions it asks for; nothing where one of them is not there."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = sum(p.kind in kinds for p in inspect.signature(metric).parameters.values())
    given = pairs[:wanted]
    if any(prediction is None for prediction in given):
        return {}
    seed = seed_of("metric", choice.label)  # one that draws from a global stream must not depend on what ran before
    random.seed(seed), np.random.seed(seed % 2**32)
    with np.errstate():  # and leaves floating-point errors as it found them
        found = metric(*given, **copy.deepcopy(dict(choice.params)))
    return plain_scores(found)


def plain_scores(found: Any) -> dict[str, Any]:
    """Return what a metric returned as JSON types. Raises PluginError for what a record could not hold."""
    if not isinstance(found, Mapping):
        raise PluginError(f"it returns {type(found).__name__}, expected a mapping from name to astrobench.Score")
    if len(found) > MOST_SCORES:
        raise PluginError(f"it gives {len(found):,} scores of one cell, allowed are {MOST_SCORES:,}: summarise them")
    plain = {_name(name): score_to_plain(_plain(name, score)) for name, score in found.items()}
    try:
        check_scores(plain)
    except ValueError as error:
        raise PluginError(f"it gives a score that no record can hold: {error}") from None
    return plain


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= LONGEST_SCORE_NAME:
        told = f"{str(name)[:40]!r} is no name of a score"
        raise PluginError(f"{told}: expected 1 to {LONGEST_SCORE_NAME} printable characters, e.g. 'accuracy'")
    return name


def _plain(name: str, score: Any) -> Score:
    """Return a score with Python's own numbers in place of NumPy's."""
    if not isinstance(score, Score):
        raise PluginError(f"{name!r} is {type(score).__name__}, expected astrobench.Score")
    interval: Any = score.interval  # a plugin's: of any length
    return replace(
        score,
        value=_number(f"value of {name!r}", score.value),
        se=None if score.se is None else _number(f"se of {name!r}", score.se),
        n=None if score.n is None else _count(name, score.n),
        interval=interval and tuple(_number(f"interval of {name!r}", end) for end in interval),
        unit=_text(f"unit of {name!r}", score.unit),
        note=_text(f"note of {name!r}", score.note),
    )


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise PluginError(f"the {what} is {type(value).__name__} {str(value)[:40]!r}, expected a number")
    return float(value)


def _count(name: str, value: Any) -> int:
    number = _number(f"n of {name!r}", value)
    if not math.isfinite(number) or number != int(number) or not 0 <= number < 2**53:
        raise PluginError(f"the n of {name!r} is {value}, expected a number of images")
    return int(number)


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NOTE:
        told = f"has {len(value):,} characters" if isinstance(value, str) else f"is {type(value).__name__}"
        raise PluginError(f"the {what} {told}, expected text of {LONGEST_NOTE} at most")
    return "".join(letter if letter.isprintable() else "�" for letter in value)


def _reason(error: BaseException) -> str:
    """Return why a metric gave nothing: one line that a record can hold, whatever the exception says."""
    if wrote_to_read_only(error):
        told = f"it writes to the predictions ({error}): {COPY}, e.g. logits = perturbed.logits.copy()"
    elif isinstance(error, AstrobenchError):
        told = str(error)
    else:
        try:
            told = f"{type(error).__name__}: {error}"
        except Exception:  # its own class, and as faulty as the rest of it
            told = type(error).__name__
    return str(AstrobenchError(told))[:LONGEST_REASON]
