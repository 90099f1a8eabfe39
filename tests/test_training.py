"""One loop for all methods: the same batches, the same bits, and a killed training goes on where it was."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from astrobench import SuiteError
from astrobench.adaptation import Alignment, Method
from astrobench.stages.checkpoints import checkpoint_in
from astrobench.suite import Training
from astrobench.training import Checkpoint, Material, Run, train
from astrobench.training.batches import batches, generator, turned
from astrobench.training.batchnorm import leaning, recalibrate
from astrobench.training.optimisers import rate_at
from astrobench.training.selection import cumulative_excess
from astrobench.types import Output
from torch import nn

if TYPE_CHECKING:
    from pathlib import Path


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten())
        self.latent, self.head = nn.Linear(4 * 36, 8), nn.Linear(8, 3)

    def forward(self, images: torch.Tensor) -> Output:
        latent = self.latent(self.body(images))
        return Output(latent, self.head(latent))


class SourceOnly(Method):
    uses_target = False


def net() -> Net:
    """Return the network as the engine lays it in memory; with one channel, either order of the axes is the same."""
    torch.manual_seed(0)
    return Net().to(memory_format=torch.channels_last)


def material() -> Material:
    stream = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 3, (96,), generator=stream)
    inputs = torch.rand(96, 3, 8, 8, generator=stream) + labels.view(-1, 1, 1, 1) * 0.5
    return Material(inputs, labels, inputs[:32], labels[:32], inputs[:40] + 0.3, 3)


def distance(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (source.mean(0) - target.mean(0)).square().sum()


RULES = Training(epochs=4, batch_size=16, augment=("flips", "rotations"), schedule="one_cycle")


def weights(method: Method, rules: Training = RULES, checkpoint: Checkpoint | None = None) -> dict[str, torch.Tensor]:
    return train(net(), method, material(), rules, "toy/0", checkpoint or Checkpoint()).best


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_training_learns() -> None:
    run = train(net(), SourceOnly(), material(), RULES, "toy/0", Checkpoint())
    assert run.history[-1]["task"] < run.history[0]["task"]
    assert run.history[run.best_epoch]["valid_accuracy"] == max(told["valid_accuracy"] for told in run.history)


def test_two_runs_give_the_same_bits_and_another_scope_does_not() -> None:
    assert same(weights(SourceOnly()), weights(SourceOnly()))
    assert not same(weights(SourceOnly()), train(net(), SourceOnly(), material(), RULES, "toy/1", Checkpoint()).best)


def test_weight_zero_is_source_only_bit_for_bit_and_another_weight_is_not() -> None:
    assert same(weights(SourceOnly()), weights(Alignment(distance, 0.0)))
    assert not same(weights(SourceOnly()), weights(Alignment(distance, 1.0)))


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_killed_training_goes_on_to_the_same_bits(killed_after: int, tmp_path: Path) -> None:
    """From its file; every installed network, method and optimiser: tests/reliability/test_stopped_trainings.py."""
    checkpoint = checkpoint_in(tmp_path, torch.device("cpu"), lambda model: {})

    def save(run: Run, tensors: dict[str, torch.Tensor]) -> None:
        checkpoint.save(run, tensors)
        if run.epoch == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights(Alignment(distance, 1.0), checkpoint=replace(checkpoint, save=save))
    assert same(weights(Alignment(distance, 1.0), checkpoint=checkpoint), weights(Alignment(distance, 1.0)))


def test_published_quirk_of_never_resetting_gradients_changes_the_weights() -> None:
    quirk = RULES.model_copy(update={"quirks": ("no_gradient_reset",)})
    assert not same(weights(SourceOnly()), weights(SourceOnly(), quirk))


def test_patience_ends_a_training_early() -> None:
    rules = RULES.model_copy(update={"epochs": 50, "patience": 1, "learning_rate": 0.3, "schedule": "constant"})
    run = train(net(), SourceOnly(), material(), rules, "toy/0", Checkpoint())
    losses = [told["valid_loss"] for told in run.history]
    assert len(losses) < 50
    assert losses[-1] > min(losses)


def test_the_published_counter_adds_up_and_is_never_reset() -> None:
    assert cumulative_excess([1.0, 1.05, 1.15, 1.25, 1.35, 1.45]) == pytest.approx(0 + 0.1 + 0.25 + 0.5 + 1.0)
    assert cumulative_excess([1.0, 1.45, 0.5, 0.95]) == pytest.approx(2.0)


def test_a_loss_that_is_no_longer_finite_is_said_so() -> None:
    method = Alignment(lambda source, target: source.sum() * math.nan, 1.0)
    with pytest.raises(ArithmeticError, match=r"loss term '.*' is nan in epoch 0"):
        weights(method)


def test_rare_classes_weigh_as_published() -> None:
    """Golden values of galaxies.md §4 for (10017, 5705, 7765) training images."""
    from astrobench.training.loop import class_weight

    labels = torch.repeat_interleave(torch.arange(3), torch.tensor([10017, 5705, 7765]))
    sample = Material(labels, labels, labels, labels, labels, 3)
    found = class_weight(sample, Training())
    assert found is not None
    assert found.tolist() == pytest.approx([0.781571329, 1.372304996, 1.008242112], rel=1e-6)


def test_a_pass_shows_every_image_once_and_the_next_one_in_another_order() -> None:
    order = torch.cat(list(batches(12, 4, 6, generator("x"), independent=False)))
    assert sorted(order[:12].tolist()) == sorted(order[12:].tolist()) == list(range(12))
    assert order[:12].tolist() != order[12:].tolist()


def test_independent_batches_repeat_images_within_a_pass_but_not_within_a_batch() -> None:
    drawn = list(batches(12, 6, 50, generator("x"), independent=True))
    assert all(len(set(batch.tolist())) == 6 for batch in drawn)
    assert len(set(torch.cat(drawn[:2]).tolist())) < 12


def test_turns_are_the_eight_symmetries_of_the_square_and_keep_the_pixels() -> None:
    image = torch.arange(9.0).view(1, 1, 3, 3)
    seen = turned(image.repeat(400, 1, 1, 1), ("flips", "rotations"), generator("turns"))
    assert len({tuple(one.flatten().tolist()) for one in seen}) == 8
    assert all(sorted(one.flatten().tolist()) == list(range(9)) for one in seen)
    flipped = turned(image.repeat(400, 1, 1, 1), ("flips",), generator("turns"))
    assert len({tuple(one.flatten().tolist()) for one in flipped}) == 2


def test_schedules_start_peak_and_end_where_they_should() -> None:
    assert [rate_at("cosine", p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.5, 0.0])
    assert [rate_at("one_cycle", p) for p in (0.0, 0.3, 1.0)] == pytest.approx([0.0, 1.0, 0.0])
    assert rate_at("constant", 0.7) == 1.0


def test_recalibrated_statistics_are_the_plain_means_over_the_batches() -> None:
    model, drawn = net(), [material().inputs[:16], material().inputs[16:48]]
    first = model.body[0]
    recalibrate(model, drawn)
    outputs = [first(images).detach() for images in drawn]
    mean = torch.stack([output.mean((0, 2, 3)) for output in outputs]).mean(0)
    variance = torch.stack([output.transpose(0, 1).flatten(1).var(1) for output in outputs]).mean(0)
    norm = model.body[1]
    assert torch.allclose(norm.running_mean, mean, atol=1e-6)
    assert torch.allclose(norm.running_var, variance, atol=1e-6)
    assert norm.momentum == 0.1


def test_running_statistics_stay_as_they_ran_where_a_suite_asks() -> None:
    running = RULES.model_copy(update={"batchnorm": "running"})
    assert not same(weights(SourceOnly()), weights(SourceOnly(), running))


class Leaning(SourceOnly):
    """Trains on the source; predicts with a share of the target's statistics."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.target_statistics = share


def buffers(best: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value for name, value in best.items() if "running" in name}


@pytest.mark.parametrize("batchnorm", ["recalibrated", "running"])
def test_statistics_of_the_target_are_kept_and_the_training_does_not_feel_them(batchnorm: str) -> None:
    rules = RULES.model_copy(update={"batchnorm": batchnorm, "selection": "last"})
    plain, leaned = weights(SourceOnly(), rules), weights(Leaning(1.0), rules)
    apart = {name for name in plain if not torch.equal(plain[name], leaned[name])}
    assert apart == buffers(plain).keys()


def test_a_share_of_the_targets_statistics_is_that_share_of_the_way() -> None:
    plain, half, whole = (buffers(weights(Leaning(share))) for share in (0.0, 0.5, 1.0))
    assert same(plain, buffers(weights(SourceOnly())))
    assert all(torch.allclose(half[name], (plain[name] + whole[name]) / 2, rtol=1e-5) for name in plain)


def test_statistics_of_the_target_are_the_targets_own() -> None:
    model, images = net(), material().target_inputs
    with leaning(model, 1.0, [images]):
        assert torch.allclose(model.body[1].running_mean, model.body[0](images).mean((0, 2, 3)), atol=1e-6)
    assert not model.body[1].running_mean.any()


def test_statistics_of_the_target_are_refused_without_batch_norm() -> None:
    model = net()
    model.body[1] = nn.Identity()
    with pytest.raises(SuiteError, match="this network has no batch norm"):
        train(model, Leaning(1.0), material(), RULES, "toy/0", Checkpoint())
    with pytest.raises(SuiteError, match=r"is 1\.5, expected a share between 0 and 1"):
        weights(Leaning(1.5))


def test_a_method_may_change_what_the_network_is_shown() -> None:
    class Darker(SourceOnly):
        def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
            assert images.shape[0] == labels.shape[0]
            return images * 0.5

    sample, rules = material(), RULES.model_copy(update={"selection": "last"})
    half = Material(
        sample.inputs * 0.5,
        sample.labels,
        *(getattr(sample, name) for name in ("valid_inputs", "valid_labels", "target_inputs", "classes")),
    )
    expected = train(net(), SourceOnly(), half, rules, "toy/0", Checkpoint()).best
    assert same(weights(Darker(), rules), expected)
