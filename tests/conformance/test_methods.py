"""Methods: for every rule one that it catches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from astrobench import Alignment, Method
from conforming import caught, reported
from torch import nn


class Terms(Method):
    """A method whose terms are a given function of the two halves."""

    def __init__(self, terms):
        super().__init__()
        self.given = terms

    def terms(self, source, target, moment):
        return self.given(source, target)


def gap(source, target):
    return (source.mean(0) - target.mean(0)).square().sum()


def terms(function):
    def mine(features, outputs):
        """Give terms."""
        return Terms(function)

    return mine


def changed_in_place(source, target):
    source.latent.data.add_(1)
    return {"gap": gap(source.latent, target.latent)}


class Forgetful(Method):
    """Counts its steps where no checkpoint sees it."""

    seen = 0

    def terms(self, source, target, moment):
        self.seen += 1
        return {"gap": self.seen * gap(source.latent, target.latent)}


class Idle(Method):
    """Has a layer that it never uses."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def terms(self, source, target, moment):
        return {"gap": gap(source.latent, target.latent)}


def forgetful(features, outputs):
    """Forget."""
    return Forgetful()


def idle(features, outputs):
    """Carry a layer about."""
    return Idle()


def deaf(features, outputs, *, weight: float = 1.0):
    """Take a weight and not use it."""
    return Alignment(gap, 1.0)


def far_from_zero(features, outputs):
    """Measure a gap and add one."""
    return Alignment(lambda source, target: 1 + gap(source, target), 1.0)


def backwards(features, outputs):
    """Measure nearness."""
    return Alignment(lambda source, target: -gap(source, target), 1.0)


def random_terms(features, outputs):
    """Draw from NumPy."""
    stream = np.random.default_rng()
    return Terms(lambda source, target: {"gap": stream.random() * gap(source.latent, target.latent)})


@pytest.mark.parametrize(
    ("target", "rule", "told"),
    [
        (
            terms(lambda s, t: {"loss": gap(s.latent, t.latent)}),
            "its terms are finite scalars",
            "'loss', a name of the",
        ),
        (
            terms(lambda s, t: {"a": gap(s.latent, t.latent) * torch.nan}),
            "its terms are finite scalars",
            "is nan at epoch",
        ),
        (terms(lambda s, t: {"a": s.latent}), "its terms are finite scalars", "(18, 8), expected a floating scalar"),
        (terms(lambda s, t: {"a": 0.0}), "its terms are finite scalars", "is float, expected a tensor"),
        (
            terms(lambda s, t: {"a": gap(s.latent, t.latent).detach()}),
            "it adapts",
            "reaches the target; it reaches nothing",
        ),
        (terms(lambda s, t: {"a": s.latent.square().mean()}), "it adapts", "it reaches source latent"),
        (
            terms(lambda s, t: {"a": gap(s.latent, t.latent) / (len(t.latent) > 2)}),
            "two images are enough",
            "is inf for two images",
        ),
        (terms(changed_in_place), "it leaves its inputs alone", "in place"),
        (random_terms, "it is deterministic", "different terms"),
        (forgetful, "a checkpoint holds all it remembers", "it remembers what is no buffer"),
        (idle, "its own parts learn", "'layer.weight'"),
        (deaf, "weight zero is no adaptation", "at weight 0 terms are {'align':"),
        (far_from_zero, "a distance is least at no shift", "expected 0, or a floor that the docstring tells"),
        (backwards, "a distance is least at no shift", "does not grow with the shift"),
    ],
)
def test_a_method_is_checked(target, rule, told):
    caught("methods", target, rule, told)


def test_an_alignment_of_fifteen_lines_conforms():
    def mine(features, outputs, *, weight: float = 1.0):
        """Close the gap between the means."""
        return Alignment(gap, weight)

    found = reported("methods", mine)
    assert {status for status, _ in found.values()} == {"passed", "skipped"}
    assert [rule for rule, (status, _) in found.items() if status == "skipped"] == ["its own parts learn"]
