"""The evaluator for large networks where bfloat16 is fast: it ranks candidates, and float32 has the last word."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import nn

from astrobench_perturbations.dense import Dense, agree
from astrobench_perturbations.folding import NotStagedError
from astrobench_perturbations.framed import Room
from astrobench_perturbations.graph import stages_of
from astrobench_perturbations.nearness import multiply_adds, stages_near
from astrobench_perturbations.patched import Patched
from astrobench_perturbations.probing import probed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from astrobench_perturbations.evolution import Pixels

MICRO = 64
"""Images a forward pass takes of a network without stages: twice as many as of float32, for they are half as large."""
FEW = 8
"""Images a forward pass takes for those few that are confirmed."""
ROUGHLY = 0.1
"""Largest change of a logit, in units of the largest logit (or of 1), that bfloat16 explains; a ResNet18's is 0.06."""
UNGROUPED = 1.25
"""How many times more a network as stages may multiply, which know no groups of channels."""
LARGE = 50_000_000
"""Multiply-adds an image from which "auto" ranks in bfloat16; ConvNet has 13 million, ResNet18 441 million."""


class Ranked:
    """Candidates through the network in bfloat16, and the few that matter once more in float32.

    Within bfloat16 rounding of `Dense`, and as independent of other images, see `by_image`.
    """

    code = 2

    def __init__(self, exact: Dense, quick: Dense | Patched) -> None:
        self.exact, self.quick = exact, quick

    @classmethod
    def of(cls, model: nn.Module, slots: int, sample: torch.Tensor) -> Ranked | None:
        """Return an evaluator with room for `slots` images like those of sample, float32 (n, C, H, W).

        None where the network cannot be had in bfloat16, or says something else there.
        """
        exact = Dense(model, slots, sample)
        for quick in (patched, whole):
            try:
                found = cls(exact, quick(model, exact))
                if agree(*probed(found, exact.network, sample[:1], step=5), ROUGHLY):
                    exact.micro = FEW
                    return found
            except Exception:  # whatever a network does that has no stages or no bfloat16, the next serves
                continue
        return None

    def place(self, slots: list[int], images: torch.Tensor) -> torch.Tensor:
        """Put clean images, float32 (m, C, H, W), into slots and return their logits, float32 (m, K)."""
        self.quick.keep(slots, images)
        return self.exact.place(slots, images)

    def logits(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        """Return rough logits, float32 (n, K), of the image in slots[i] with one pixel replaced by pixels[i]."""
        return self.quick.logits(slots, pixels).float()

    def confirmed(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        """Return the logits of the network itself, float32 (n, K), for few candidates."""
        return self.exact.logits(slots, pixels)


def patched(model: nn.Module, exact: Dense) -> Patched:
    """Return the network in bfloat16 as stages, the first of them near the changed pixel. Raises if it has none."""
    slots, channels, height, width = exact.images.shape
    network = stages_of(model, (channels, height, width))
    if exact.images.is_cuda or multiply_adds(network) > UNGROUPED * _multiply_adds(model, exact.images[:1]):
        raise NotStagedError("stages that cost more than the network")
    return Patched(network, stages_near(network), Room(slots, (height, width), torch.bfloat16))


def whole(model: nn.Module, exact: Dense) -> Dense:
    """Return the network in bfloat16."""
    quick = copy.copy(exact)
    quick.micro, quick.images = max(exact.micro, MICRO), exact.images.bfloat16()
    quick.network = halved(exact.network)
    return quick


def is_worth_it(model: nn.Module, sample: torch.Tensor) -> bool:
    """Return whether "auto" ranks in bfloat16: a large network on a processor that multiplies bfloat16 in tiles (AMX).

    Nothing is timed, so that machines of one kind, and all runs on one of them, decide alike.
    """
    return sample.device.type == "cpu" and _has_tiles() and _multiply_adds(model, sample[:1]) >= LARGE


def halved(network: nn.Module) -> nn.Module:
    """Return a copy of a network in bfloat16, with the linear layers at its end in float32.

    These would otherwise round logits to steps of a hundredth, and candidates that differ to ties.
    """
    copied = copy.deepcopy(network)
    last = list(_linear_end(copied))
    copied = copied.bfloat16()
    for parent in list(copied.modules()):
        for name, layer in parent.named_children():
            if any(layer is one for one in last):
                setattr(parent, name, _Widened(layer.float()))
    return copied


class _Widened(nn.Module):
    """A layer in float32, whatever it is given."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return what the layer makes of numbers, float32."""
        answer: torch.Tensor = self.layer(numbers.float())
        return answer


def _linear_end(network: nn.Module) -> Iterator[nn.Module]:
    """Yield the linear layers after which no layer of another kind has weights."""
    for layer in reversed([module for module in network.modules() if not list(module.children())]):
        if isinstance(layer, nn.Linear):
            yield layer
        elif list(layer.parameters()):
            return


def _has_tiles() -> bool:
    if not hasattr(torch.cpu, "get_capabilities"):  # an older torch does not say
        return False
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def _multiply_adds(model: nn.Module, image: torch.Tensor) -> int:
    """Return what the convolutions and linear layers of a network multiply for one image (1, C, H, W)."""
    counts: list[int] = []
    layers = [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [
        layer.register_forward_hook(lambda layer, _, found: counts.append(found.numel() * layer.weight[0].numel()))
        for layer in layers
    ]
    try:
        model(image)
    finally:
        for hook in hooks:
            hook.remove()
    return sum(counts)
