"""What the search asks of a network: the logits of images with one pixel replaced, as fast as the network allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import torch

from astrobench_perturbations.cone import Cone
from astrobench_perturbations.cost import pays
from astrobench_perturbations.dense import Dense, agree
from astrobench_perturbations.graph import stages_of
from astrobench_perturbations.probing import probed
from astrobench_perturbations.ranked import Ranked, is_worth_it

if TYPE_CHECKING:
    from torch import nn

    from astrobench_perturbations.evolution import Pixels
    from astrobench_perturbations.stages import Stages


Ranking = Literal["auto", "float32", "bf16"]


class Evaluator(Protocol):
    """Holds clean images in slots and answers for candidates.

    code: 0 dense, 1 cone, 2 ranked, as stored in facts.
    """

    code: int

    def place(self, slots: list[int], images: torch.Tensor) -> torch.Tensor:
        """Put clean images, float32 (m, C, H, W), into slots and return their logits, float32 (m, K)."""

    def logits(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        """Return the logits, float32 (n, K), of the image in slots[i] with one pixel replaced by pixels[i]."""


@torch.inference_mode()
def evaluator_for(model: nn.Module, slots: int, sample: torch.Tensor, ranking: Ranking = "float32") -> Evaluator:
    """Return the fastest evaluator for a network in eval mode, with room for `slots` images.

    sample: float32 (n, C, H, W). The cone serves where the network's graph is known throughout, where it is cheaper,
    and where it agrees with the network itself on candidates of the sample's first image. ranking: see
    `whole_for`.
    """
    channels, height, width = sample.shape[1:]
    stages = _stages(model, (channels, height, width))
    if stages is not None and pays(stages, (channels, height, width)):
        cone = Cone(stages, slots, (channels, height, width))
        if agree(*probed(cone, model, sample[:1])):
            return cone
    return whole_for(model, slots, sample, ranking)


@torch.inference_mode()
def whole_for(model: nn.Module, slots: int, sample: torch.Tensor, ranking: Ranking) -> Evaluator:
    """Return an evaluator that sends whole images through the network, for candidates of any number of pixels.

    ranking: "bf16" asks for `Ranked` and "float32" for `Dense`; "auto" decides by the network's size and the processor.
    """
    wanted = ranking == "bf16" or (ranking == "auto" and is_worth_it(model, sample))
    return (Ranked.of(model, slots, sample) if wanted else None) or Dense(model, slots, sample)


def _stages(model: nn.Module, shape: tuple[int, int, int]) -> Stages | None:
    try:
        return stages_of(model, shape)
    except Exception:  # whatever stops a trace (control flow, an unknown layer), the dense evaluator serves
        return None
