"""What must hold of a method when it trains a network through the engine's own stages, bit for bit."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import torch

from astrobench.adaptation import Method
from astrobench.conformance.rules import SkippedError, expect
from astrobench.conformance.seeding import same
from astrobench.conformance.tiny import PLAIN, dataset, weights_of
from astrobench.errors import AstrobenchError

if TYPE_CHECKING:
    from astrobench.conformance.rules import Case


class Trainings:
    """Trainings of one method, each done once."""

    def __init__(self, case: Case, method: Method) -> None:
        self.case, self.method = case, method

    @cached_property
    def own(self) -> dict[str, torch.Tensor]:
        """The network that the method trained with its own parameters."""
        return self.again()

    def again(self, *, permuted: bool = False, **changed: object) -> dict[str, torch.Tensor]:
        """Train once more, on target labels that are all wrong, or with other parameters."""
        params = {**self.case.params, **changed}
        return weights_of(self.case.plugin, params, self.method.wanted_layers, dataset(permuted=permuted))

    def plain(self, *, target: bool) -> dict[str, torch.Tensor]:
        """Train without any method, target images in the batches or not."""
        return plainly_trained(tuple(self.method.wanted_layers), target=target)


@lru_cache
def plainly_trained(layers: tuple[str, ...], *, target: bool) -> dict[str, torch.Tensor]:
    """Return the network that no method trained: the same for all methods, so it is trained once."""
    return weights_of(PLAIN, {"target": target}, layers, dataset())


def a_training_with_it_changes_the_encoder(trainings: Trainings) -> str:
    """It trains another encoder than no method does on the same batches, so its gradients arrive."""
    if does_nothing(trainings.method):
        raise SkippedError("it is a baseline that changes nothing")
    wrong = [name for name, value in trainings.own.items() if not value.isfinite().all()]
    expect(not wrong, f"weights {wrong[:1]} are not finite after a training")
    moved = changed(trainings.plain(target=trainings.method.uses_target), trainings.own)
    expect(bool(moved), "it trains the very encoder that no method trains on the same batches: it adapts nothing")
    return "batch-norm statistics alone" if all("running" in name for name in moved) else "weights"


def a_training_at_weight_zero_is_source_only(trainings: Trainings) -> None:
    """At weight 0 the trained network is that of source_only bit for bit."""
    if "weight" not in trainings.case.params:
        raise SkippedError("it has no parameter 'weight'")
    try:
        found = trainings.again(weight=0.0)
    except AstrobenchError as reason:
        raise SkippedError(f"it refuses weight 0: {reason}") from None
    apart = [name for name, value in trainings.plain(target=False).items() if not torch.equal(value, found[name])]
    expect(not apart, f"at weight 0 {apart[:1]} differs from source_only's; does it set uses_target = weight != 0?")


def target_labels_change_no_bit(trainings: Trainings) -> None:
    """With every target label replaced by a wrong one, the trained network is the same bit for bit."""
    if trainings.method.oracle:
        raise SkippedError("it is an oracle: it trains on target labels")
    expect(same(trainings.own, trainings.again(permuted=True)), "its training feels the labels of the target")


def two_trainings_are_one(trainings: Trainings) -> None:
    """Trained twice, the network is the same bit for bit."""
    expect(same(trainings.own, trainings.again()), "two trainings from one seed differ")


RULES = (
    a_training_with_it_changes_the_encoder,
    a_training_at_weight_zero_is_source_only,
    target_labels_change_no_bit,
    two_trainings_are_one,
)


def does_nothing(method: Method) -> bool:
    """Say whether a method is the task loss alone, on source labels."""
    mine: Any = type(method)
    inherited = mine.terms is Method.terms and mine.shown is Method.shown
    return inherited and not method.oracle and not method.target_statistics


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> list[str]:
    """Return what differs between two states in front of the head."""
    return [
        name for name, value in before.items() if not name.startswith("head.") and not torch.equal(value, after[name])
    ]
