"""A metric: scores that are finite or say why not, whatever the order of the images."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from astrobench.conformance.rules import Case, SkippedError, expect
from astrobench.errors import AstrobenchError, PluginError
from astrobench.stages.measuring import plain_scores
from astrobench.types import Prediction, Score

N, FEATURES, CLASSES, LAYERS = 24, 8, 3, ("first", "second")
NAME = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,95}")
Quartet = tuple[Prediction, Prediction, Prediction, Prediction]


@dataclass(frozen=True, eq=False)
class Subject:
    """A metric, and what it says of a tiny quartet: clean, perturbed, and the reference's two."""

    case: Case

    def of(self, quartet: Quartet) -> Mapping[str, Score]:
        """Measure with the two or four predictions that the metric takes."""
        wanted = 2 if self.case.plugin.signature.takes(2) else 4
        found: Mapping[str, Score] = self.case.call(*quartet[:wanted])
        return found

    @cached_property
    def scores(self) -> Mapping[str, Score]:
        """The scores of the quartet."""
        return self.of(quartet())


def prediction(shift: float, *, wrong: int = 0, task: str = "classification") -> Prediction:
    """Return a made-up prediction of N images; `wrong` of them are misclassified. Its arrays are read-only."""
    stream = np.random.default_rng(int(shift * 100) + wrong)
    labels = np.arange(N) % CLASSES
    said = np.where(np.arange(N) < wrong, (labels + 1) % CLASSES, labels)
    logits = (stream.normal(size=(N, CLASSES)) + 6 * np.eye(CLASSES)[said]).astype(np.float32)
    latent = (stream.normal(size=(N, FEATURES)) + shift + 2 * np.eye(FEATURES)[said]).astype(np.float32)
    layer = latent.reshape(2, N // 2, FEATURES).astype(np.float64)
    layer = layer - layer.mean(axis=1, keepdims=True)
    grams = np.stack([layer @ layer.transpose(0, 2, 1), (layer**3) @ (layer**3).transpose(0, 2, 1)])
    truth = labels.astype(np.int64) if task == "classification" else logits + np.float32(0.1)
    if task == "regression":
        logits = np.concatenate([logits, np.full_like(logits, 0.2)], axis=1)
    for array in (latent, logits, truth, grams):
        array.flags.writeable = False
    ids = np.array([f"galaxy-{number:02d}" for number in range(N)])
    ranges = ((-5.0, 10.0),) * CLASSES if task == "regression" else ()
    return Prediction(ids, latent, logits, truth, tuple("abc"), task, {}, grams, LAYERS, ranges=ranges)  # type: ignore[arg-type]


def quartet(*, task: str = "classification", facts: bool = True) -> Quartet:
    """Return clean, perturbed, reference clean and reference perturbed, with the facts of an attack."""
    found = [prediction(shift, wrong=wrong, task=task) for shift, wrong in ((0.0, 2), (0.5, 9), (0.1, 3), (1.0, 12))]
    told = {"success": np.arange(N) < 12, "generations": np.arange(N), "queries": 400 * (np.arange(N) + 1)}
    if facts:
        found[1], found[3] = (replace(one, facts=told) for one in (found[1], found[3]))
    return found[0], found[1], found[2], found[3]


def some(one: Prediction, rows: np.ndarray) -> Prediction:
    """Return a prediction on some rows in a given order; Gram matrices belong to all rows and are left out."""
    return replace(
        one,
        ids=one.ids[rows],
        latent=one.latent[rows],
        logits=one.logits[rows],
        labels=one.labels[rows],
        facts={name: fact[rows] for name, fact in one.facts.items()},
        grams=None,
        layers=(),
    )


def it_returns_scores(subject: Subject) -> str:
    """It returns a mapping from name to astrobench.Score."""
    found = subject.scores
    expect(isinstance(found, Mapping), f"it returns {type(found).__name__}, expected a mapping from name to Score")
    for name, score in found.items():
        expect(isinstance(name, str) and bool(NAME.fullmatch(name)), f"score name {name!r} is not of {NAME.pattern}")
        expect(isinstance(score, Score), f"{name!r} is {type(score).__name__}, expected astrobench.Score")
    try:
        plain_scores(found)
    except PluginError as reason:
        expect(False, str(reason))
    return ", ".join(found) or "no scores of this cell"


def its_values_are_finite_or_explained(subject: Subject) -> None:
    """A value is finite, or NaN with a note; a direction is higher, lower or None; an error is not negative."""
    _sound(subject.scores)


def it_is_deterministic(subject: Subject) -> None:
    """Twice the same predictions, twice the same scores."""
    expect(_near(subject.scores, subject.of(quartet()), 0.0), "two runs give different scores")


def the_order_of_images_does_not_matter(subject: Subject) -> None:
    """Images are matched by id: any order of either prediction gives the same scores."""
    rows = np.random.default_rng(0).permutation(N)
    whole = subject.of(tuple(some(one, np.arange(N)) for one in quartet()))  # type: ignore[arg-type]
    for place in range(4):
        mixed = [some(one, rows if number == place else np.arange(N)) for number, one in enumerate(quartet())]
        found = subject.of((mixed[0], mixed[1], mixed[2], mixed[3]))
        which = ("clean", "perturbed", "reference clean", "reference perturbed")[place]
        expect(_near(whole, found, 1e-9), f"another order of the {which} images gives other scores")


def a_part_of_the_images_is_enough(subject: Subject) -> None:
    """An attack may return some images only, in the perturbed predictions."""
    rows = np.arange(0, N, 2)
    whole = quartet()
    _sound(subject.of((whole[0], some(whole[1], rows), whole[2], some(whole[3], rows))))


def several_images_may_show_one_object(subject: Subject) -> None:
    """Where ids repeat, images of one domain are still matched one by one; between domains scores are sound."""
    twice = np.array([f"galaxy-{number // 2:02d}" for number in range(N)])
    try:
        _sound(subject.of(_in_domains(("near", "far"), twice)))
        found = subject.of(_in_domains(("near", "near"), twice))
    except AstrobenchError as reason:
        raise SkippedError(f"it refuses an id of two images: {reason}") from None
    alone = subject.of(_in_domains(("near", "near"), quartet()[0].ids))
    told = "two images of one id are mistaken for one another; astrobench.paired_rows matches them by row"
    expect(_near(alone, found, 1e-9), told)


def _in_domains(domains: tuple[str, str], ids: np.ndarray) -> Quartet:
    """Return the quartet as of test sets of these domains, with these ids."""
    named = zip(quartet(), (*domains, *domains), strict=True)
    found = [replace(one, ids=ids, rows=np.arange(N), test_set=name, test_size=N) for one, name in named]
    return found[0], found[1], found[2], found[3]


def the_unperturbed_cell_is_sound(subject: Subject) -> None:
    """Where clean and perturbed are one and the same, scores are sound or absent."""
    whole = quartet(facts=False)
    _sound(subject.of((whole[0], whole[0], whole[2], whole[2])))


def one_class_is_sound(subject: Subject) -> None:
    """Images of one class only, all right or none flipped, give sound scores."""
    rows = np.arange(0, N, CLASSES)
    _sound(subject.of(tuple(some(one, rows) for one in quartet())))  # type: ignore[arg-type]


def a_regression_is_sound_or_refused(subject: Subject) -> None:
    """A regression gives sound scores, none, or a sentence."""
    try:
        _sound(subject.of(quartet(task="regression", facts=False)))
    except AstrobenchError as reason:
        raise SkippedError(f"it refuses a regression: {reason}") from None


def _sound(scores: Mapping[str, Score]) -> None:
    for name, score in scores.items():
        if not math.isfinite(score.value):
            expect(
                math.isnan(score.value) and bool(score.note), f"{name} is {score.value} without a note that says why"
            )
        expect(score.better in ("higher", "lower", None), f"{name} has better = {score.better!r}")
        expect(score.se is None or not score.se < 0, f"{name} has a standard error of {score.se}")
        expect(score.n is None or score.n >= 0, f"{name} rests on {score.n} images")


def _near(first: Mapping[str, Score], second: Mapping[str, Score], tolerance: float) -> bool:
    if first.keys() != second.keys():
        return False
    pairs = [(score.value, second[name].value) for name, score in first.items()]
    return all(math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) or (a != a and b != b) for a, b in pairs)


RULES = (
    it_returns_scores,
    its_values_are_finite_or_explained,
    it_is_deterministic,
    the_order_of_images_does_not_matter,
    a_part_of_the_images_is_enough,
    several_images_may_show_one_object,
    the_unperturbed_cell_is_sound,
    one_class_is_sound,
    a_regression_is_sound_or_refused,
)
