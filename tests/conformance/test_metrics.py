"""Metrics: for every rule one that it catches."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench import DataError, Prediction, Score, paired_rows
from conforming import caught, reported, statuses


def matched(clean: Prediction, perturbed: Prediction):
    """Return the latents of both, image by image."""
    rows = paired_rows(clean, perturbed).rows
    return clean.latent[rows[0]], perturbed.latent[rows[1]]


def last_of_an_id(clean, perturbed):
    rows = {str(name): row for row, name in enumerate(clean.ids)}
    order = np.argsort(perturbed.ids)
    gap = clean.latent[[rows[str(name)] for name in perturbed.ids[order]]] - perturbed.latent[order]
    return {"distance": Score(float(np.abs(gap).mean()))}


def once_an_id(clean, perturbed):
    if len(set(perturbed.ids)) < len(perturbed.ids):
        raise KeyError("an id stands twice")
    return {}


def metric(function):
    def mine(clean, perturbed):
        """Measure."""
        return function(clean, perturbed)

    return mine


def distance(clean, perturbed):
    first, second = matched(clean, perturbed)
    return {
        "distance": Score(
            float(np.linalg.norm(first - second, axis=1).mean() if len(first) else 0), better="lower", n=len(first)
        )
    }


def unmatched(clean, perturbed):
    n = len(perturbed.ids)
    return {"distance": Score(float(np.abs(clean.latent[:n] - perturbed.latent).mean()))}


def writes(clean, perturbed):
    clean.latent[:] = 0
    return {}


def whole_only(clean, perturbed):
    gaps = np.abs(clean.latent[np.argsort(clean.ids)] - perturbed.latent[np.argsort(perturbed.ids)])
    return {"distance": Score(float(gaps.mean()))}


def spread_of_labels(clean, perturbed):
    return {"a": Score(float(perturbed.labels.std() / perturbed.labels.std()))}


def classes_or_bust(clean, perturbed):
    return {"a": Score(1.0 if perturbed.task == "classification" else 1 / 0)}


def relative(clean, perturbed):
    first, second = matched(clean, perturbed)
    gap = np.abs(first - second).mean()
    return {"ratio": Score(float(gap) and 1.0 if gap else float("nan"))}


@pytest.mark.parametrize(
    ("target", "rule", "told"),
    [
        (metric(lambda c, p: 0.5), "it returns scores", "it returns float, expected a mapping"),
        (metric(lambda c, p: {"a": 0.5}), "it returns scores", "'a' is float, expected astrobench.Score"),
        (metric(lambda c, p: {"A b": Score(0.5)}), "it returns scores", "score name 'A b' is not of"),
        (
            metric(lambda c, p: {"a": Score(float("nan"))}),
            "its values are finite or explained",
            "a is nan without a note",
        ),
        (metric(lambda c, p: {"a": Score(float("inf"))}), "its values are finite or explained", "a is inf"),
        (metric(lambda c, p: {"a": Score(1.0, se=-1.0)}), "its values are finite or explained", "error of -1.0"),
        (
            metric(lambda c, p: {"a": Score(np.random.default_rng().random())}),
            "it is deterministic",
            "different scores",
        ),
        (metric(unmatched), "the order of images does not matter", "another order of the clean images"),
        (metric(whole_only), "a part of the images is enough", "raises ValueError"),
        (metric(writes), "it returns scores", "read-only"),
        (metric(relative), "the unperturbed cell is sound", "ratio is nan without a note"),
        (metric(last_of_an_id), "several images may show one object", "are mistaken for one another"),
        (metric(once_an_id), "several images may show one object", "raises KeyError"),
        (metric(spread_of_labels), "one class is sound", "raises Runtime"),
        (metric(classes_or_bust), "a regression is sound or refused", "raises Zero"),
    ],
)
def test_a_metric_is_checked(target, rule, told):
    caught("metrics", target, rule, told)


def test_a_sound_metric_conforms_and_may_refuse_a_regression():
    def classes_only(clean, perturbed):
        if clean.task == "regression":
            raise DataError("classes only")
        return distance(clean, perturbed)

    assert statuses("metrics", metric(distance)) == {"passed"}
    status, told = reported("metrics", metric(classes_only))["a regression is sound or refused"]
    assert (status, told) == ("skipped", "it refuses a regression: classes only")
