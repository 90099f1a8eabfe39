"""Methods: for every rule one that it catches."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from astrobench import Alignment, Method
from astrobench.conformance.methods import RULES
from astrobench.conformance.seeding import same
from astrobench.conformance.tiny import PLAIN, dataset, weights_of
from astrobench.stages.bench import Bench
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


def thief(features, outputs):
    """Look for target labels wherever they may lie, and learn them."""

    def terms(source, target):
        frame = sys._getframe()
        while frame and not isinstance(bench := frame.f_locals.get("bench"), Bench):
            frame = frame.f_back
        labels = torch.from_numpy(bench.dataset.oracle().labels[: len(target.logits)]) if frame else source.labels
        return {"stolen": nn.functional.cross_entropy(target.logits, labels)}

    return Terms(terms)


def shows_the_target_at_weight_zero(features, outputs, *, weight: float = 1.0):
    """Take a weight, and show the target whatever it is."""
    return Terms(lambda source, target: {"gap": weight * gap(source.latent, target.latent)})


class Unsteady(Method):
    """Changes what is shown by NumPy's own chance."""

    uses_target = False

    def shown(self, images, labels, model):
        return images + float(np.random.default_rng().normal())


def unsteady(features, outputs):
    """Draw what the engine does not seed."""
    return Unsteady()


def dead(features, outputs):
    """Judge domains by a softmax over one unit, which is 1 whatever it sees."""
    judge = nn.Linear(8, 1)

    def terms(source, target):
        says = [judge(half.latent).softmax(1).mean() for half in (source, target)]
        return {"domain": -says[0].clamp(1e-6, 1 - 1e-6).log() - (1 - says[1].clamp(1e-6, 1 - 1e-6)).log()}

    return Terms(terms)


def classes_alone(features, outputs):
    """Count classes in what may be a regression."""
    return Terms(lambda s, t: {"a": nn.functional.nll_loss(t.logits.log_softmax(1), s.labels)})


@pytest.mark.parametrize(
    ("target", "rule", "told"),
    [
        (thief, "target labels change no bit", "its training feels the labels of the target"),
        (shows_the_target_at_weight_zero, "a training at weight zero is source only", "does it set uses_target"),
        (unsteady, "two trainings are one", "two trainings from one seed differ"),
        (dead, "a training with it changes the encoder", "it adapts nothing"),
        (classes_alone, "a regression is sound or refused", "raises"),
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
    own = {rule.__name__.replace("_", " ") for rule in RULES}
    assert [rule for rule in found if rule in own and found[rule][0] == "skipped"] == ["its own parts learn"]


def test_a_method_that_needs_classes_is_no_regression_s_and_says_so():
    class Classes(Alignment):
        needs_classes = True

    def mine(features, outputs, *, weight: float = 1.0):
        """Close the gap, for classes."""
        return Classes(gap, weight)

    assert reported("methods", mine)["a regression is sound or refused"] == (
        "skipped",
        "it needs class labels: a regression is refused",
    )


def test_layers_that_a_method_asks_for_are_there_in_its_trainings():
    class Deep(Method):
        wanted_layers = ("trunk.conv1", "head")

        def terms(self, source, target, moment):
            first, last = ((one.layers[name] for one in (source, target)) for name in self.wanted_layers)
            return {"deep": gap(*(part.flatten(1) for part in first)) + gap(*last)}

    def mine(features, outputs):
        """Close the gap in two layers."""
        return Deep()

    assert "failed" not in {status for status, _ in reported("methods", mine).values()}


def test_a_verdict_does_not_feel_the_threads_of_the_caller():
    """An engine that ran in this process left it another number of threads: the last bits of a sum follow them."""
    before = torch.get_num_threads()
    try:
        trained = {}
        for threads in (1, 4):
            torch.set_num_threads(threads)
            trained[threads] = weights_of(PLAIN, {"target": False}, (), dataset())
            assert torch.get_num_threads() == threads
        assert same(trained[1], trained[4])
    finally:
        torch.set_num_threads(before)
