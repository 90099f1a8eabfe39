"""An architecture: latent and logits of the right shape, from a seed, with layers that run."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import nn

from astrobench.conformance.rules import Case, SkippedError, expect
from astrobench.conformance.seeding import same, seeded, stored
from astrobench.errors import AstrobenchError, DataError
from astrobench.layers import captured
from astrobench.types import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTPUTS, BATCH = 3, 4
SIDES = (32, 64, 128, 224)
"""Pixels a side, the smallest that the architecture takes is used."""


@dataclass(frozen=True, eq=False)
class Subject:
    """An architecture, built for three bands and three classes."""

    case: Case

    def build(self, seed: int = 0) -> nn.Module:
        """Return the network with weights drawn from a seed."""
        shape = self.shape
        with seeded(seed):
            network: nn.Module = self.case.call(shape, OUTPUTS)
        return network

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """The smallest (C, H, W) that it takes. Raises its own refusal of the largest."""
        for side in SIDES[:-1]:
            try:
                self.case.call((3, side, side), OUTPUTS)
            except DataError:
                continue
            return 3, side, side
        return 3, SIDES[-1], SIDES[-1]

    @cached_property
    def network(self) -> nn.Module:
        """One network for all rules that change nothing, in evaluation mode."""
        network = self.build()
        expect(isinstance(network, nn.Module), f"it returns {type(network).__name__}, expected nn.Module")
        return network.eval()

    @cached_property
    def images(self) -> torch.Tensor:
        """Images float32 (B, C, H, W) in [0, 1)."""
        return torch.rand(BATCH, *self.shape, generator=torch.Generator().manual_seed(1))


def it_is_a_network(subject: Subject) -> str:
    """It returns an nn.Module."""
    numbers = sum(value.numel() for value in subject.network.parameters())
    return f"{numbers:,} parameters for {subject.shape[1]} x {subject.shape[2]} pixels"


@torch.no_grad()
def it_returns_latent_and_logits(subject: Subject) -> str:
    """Output(latent (B, F), logits (B, K)), float32 and finite, for several images and for one."""
    features = set()
    for images in (subject.images, subject.images[:1]):
        found = subject.network(images)
        expect(
            isinstance(found, Output), f"it returns {type(found).__name__}, expected astrobench.Output(latent, logits)"
        )
        for name, value in found._asdict().items():
            expect(
                value.ndim == 2 and len(value) == len(images),
                f"{name} is {tuple(value.shape)} for {len(images)} images",
            )
            expect(value.dtype == torch.float32, f"{name} is {value.dtype}, expected float32")
            expect(bool(value.isfinite().all()), f"{name} is not finite")
        expect(found.logits.shape[1] == OUTPUTS, f"logits have {found.logits.shape[1]} columns for {OUTPUTS} outputs")
        features.add(found.latent.shape[1])
    expect(len(features) == 1, f"the latent has {sorted(features)} features: it must not depend on the batch")
    return f"{features.pop()} latent features"


@torch.no_grad()
def in_evaluation_an_image_stands_alone(subject: Subject) -> None:
    """In evaluation mode the output is the same twice, and for an image alone as in a batch."""
    first, again = subject.network(subject.images), subject.network(subject.images)
    expect(torch.equal(first.logits, again.logits), "two passes in evaluation mode differ")
    alone = subject.network(subject.images[2:3])
    near = [torch.allclose(a[2:3], b, rtol=1e-3, atol=1e-4) for a, b in zip(first, alone, strict=True)]
    expect(all(near), "an image alone gives another output than in a batch, in evaluation mode")


def its_weights_come_from_the_seed(subject: Subject) -> None:
    """The same seed gives the same weights, another seed other weights."""
    first, again, other = (one.state_dict() for one in (subject.network, subject.build(0), subject.build(1)))
    expect(same(first, again), "two networks from one seed differ")
    if not any(value.is_floating_point() for value in first.values()):
        raise SkippedError("it has no weights")
    expect(not same(first, other), "two seeds give the same weights: every seed would be the same run")


def its_layers_run(subject: Subject) -> str:
    """`layers` names submodules, in order and once each, that run and give tensors of a row per image."""
    layers: Sequence[str] = getattr(subject.network, "layers", ())
    expect(not isinstance(layers, str) and len(layers) > 0, "it has no `layers`: name the submodules that CKA compares")
    expect(len(set(layers)) == len(layers), "`layers` names a layer twice")
    with torch.no_grad(), captured(subject.network, layers) as seen:
        subject.network(subject.images)
    idle = [name for name in layers if name not in seen]
    expect(not idle, f"layer {idle[0] if idle else ''!r} does not run")
    wrong = [name for name, value in seen.items() if len(value) != BATCH]
    expect(not wrong, f"layer {wrong[0] if wrong else ''!r} does not give one row per image")
    return f"{len(layers)} layers"


def it_can_be_trained(subject: Subject) -> None:
    """In training mode gradients reach the weights; in evaluation mode they reach the image."""
    network, images = subject.build().train(), subject.images.clone().requires_grad_()
    with seeded(0):
        loss = nn.functional.cross_entropy(network(images).logits, torch.arange(BATCH) % OUTPUTS)
        loss.backward()  # type: ignore[no-untyped-call]
    learning = [value.grad for value in network.parameters() if value.requires_grad and value.grad is not None]
    expect(bool(learning), "no gradient reaches any weight")
    expect(all(bool(grad.isfinite().all()) for grad in learning), "a gradient is not finite")
    network.eval()(images).logits[:, 0].sum().backward()
    expect(images.grad is not None and bool(images.grad.abs().max() > 0), "no gradient reaches the image")


@torch.no_grad()
def its_state_is_all_it_is(subject: Subject) -> None:
    """Weights put into a network from another seed give the same output."""
    other = subject.build(seed=1)
    other.load_state_dict(stored(subject.network))
    found, expected = other.eval()(subject.images), subject.network(subject.images)
    expect(torch.equal(found.logits, expected.logits), "restored weights give another output: something is no buffer")


@torch.no_grad()
def it_adapts_to_bands_and_classes(subject: Subject) -> None:
    """Another number of bands and of outputs works, or is refused with a sentence."""
    shape = (1, *subject.shape[1:])
    try:
        network = subject.case.call(shape, OUTPUTS + 2)
    except AstrobenchError as reason:
        raise SkippedError(f"it refuses one band and five outputs: {reason}") from None
    columns = network.eval()(torch.rand(2, *shape)).logits.shape[1]
    expect(columns == OUTPUTS + 2, f"logits have {columns} columns for {OUTPUTS + 2} outputs")


@torch.no_grad()
def memory_order_changes_nothing(subject: Subject) -> None:
    """The engine trains channels-last; the output must be that of ordinary memory to rounding."""
    network = copy.deepcopy(subject.network).to(memory_format=torch.channels_last)
    found = network(subject.images.contiguous(memory_format=torch.channels_last)).logits
    expected = subject.network(subject.images).logits
    expect(torch.allclose(found, expected, rtol=1e-3, atol=1e-4), "channels-last images give another output")


RULES = (
    it_is_a_network,
    it_returns_latent_and_logits,
    in_evaluation_an_image_stands_alone,
    its_weights_come_from_the_seed,
    its_layers_run,
    it_can_be_trained,
    its_state_is_all_it_is,
    it_adapts_to_bands_and_classes,
    memory_order_changes_nothing,
)
