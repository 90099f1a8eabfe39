"""Two halves of a step, made up and the same every time, for checks of what a method says of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from astrobench.adaptation import Method, Moment, Step
from astrobench.conformance.seeding import seeded
from astrobench.conformance.trainings import Trainings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench.conformance.rules import Case

FEATURES, OUTPUTS, BATCH = 8, 3, 18
MOMENTS = (Moment(0, 0.0), Moment(1, 0.5), Moment(9, 1.0))
SHIFT = 1.5
"""How far the target lies from the source, in standard deviations of each latent feature."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A method, built anew for each rule."""

    case: Case

    def build(self, seed: int = 0, **changed: object) -> Method:
        """Return the method with its own parts drawn from a seed."""
        with seeded(seed):
            method: Method = self.case.call(FEATURES, OUTPUTS, **changed)
        return method

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The layers that the method asks for; three stand for those that an architecture names."""
        wanted = self.build().wanted_layers
        return tuple(name for word in wanted for name in (("first", "second", "third") if word == "*" else (word,)))

    @cached_property
    def trainings(self) -> Trainings:
        """Trainings of a tiny network with the method."""
        return Trainings(self.case, self.build())

    def step(self, *, shift: float = 0.0, labels: bool = False) -> Step:
        """Return one domain's half of a step, latents and logits waiting for gradients."""
        stream = torch.Generator().manual_seed(int(shift * 1000) + 7)
        classes = torch.arange(BATCH) % OUTPUTS
        latent = torch.randn(BATCH, FEATURES, generator=stream) + shift
        latent[:, :OUTPUTS] += 2 * torch.nn.functional.one_hot(classes, OUTPUTS)
        logits = torch.randn(BATCH, OUTPUTS, generator=stream) + shift * torch.arange(OUTPUTS)
        first = torch.randn(BATCH, 4, 3, 3, generator=stream) + shift
        layers = {name: first + 0.3 * torch.randn(first.shape, generator=stream) for name in self.named}
        wait = [value.requires_grad_() for value in (latent, logits, *layers.values())]
        return Step(wait[0], wait[1], classes if labels else None, dict(zip(layers, wait[2:], strict=True)))


def terms_of(method: Method, source: Step, target: Step, moment: Moment = MOMENTS[1]) -> Mapping[str, torch.Tensor]:
    """Return the method's terms as the engine asks for them, dropout drawn from a seed."""
    with seeded(0):
        method.train()
        method.start_epoch(moment.epoch)
        return method.terms(source, target if method.uses_target else None, moment)


def backward(terms: Mapping[str, torch.Tensor]) -> None:
    """Send gradients back from the sum of all terms that depend on anything."""
    live = [term.float() for term in terms.values() if term.requires_grad]
    if live:
        torch.stack(live).sum().backward()  # type: ignore[no-untyped-call]
