"""Adversarial training: no adaptation, but a network that was attacked while it learned."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from astrobench import Method, SuiteError
from torch import nn
from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from collections.abc import Iterator


class AdversarialTraining(Method):
    """Source images moved to where the network is most wrong, within a small box around each."""

    uses_target = False
    needs_classes = True

    def __init__(self, weight: float, epsilon: float, steps: int) -> None:
        super().__init__()
        self.weight, self.epsilon, self.steps = weight, epsilon, steps

    def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
        """Return the batch with a share of its images attacked; which ones is the chance of the batch."""
        attacked = round(self.weight * len(images))
        if not attacked:
            return images
        with forgotten(model):
            worst = worst_near(model, images[:attacked], labels[:attacked], self.epsilon, self.steps)
        return torch.cat([worst, images[attacked:]])


def adversarial_training(
    features: int, classes: int, *, weight: float = 1.0, epsilon: float = 0.01, steps: int = 5
) -> AdversarialTraining:
    """Train on source images under attack (projected gradient descent, L∞): a baseline that adapts to nothing.

    Every pixel of the stretched image may move by epsilon, in input units, within the range of the batch. The attack
    starts at a random point of that box and takes `steps` steps of 2.5·epsilon/steps along the sign of the gradient
    of the cross-entropy; each step costs as much as a step of training. weight: the share of each batch that is
    attacked, 0 to 1. No target image is used.

    Raises:
        SuiteError: if weight is outside 0 … 1, epsilon is not above 0 or steps is below 1.

    Source: Madry et al. 2018, arXiv 1706.06083, Eq. 2.1 and §4.
    """
    if not 0 <= weight <= 1:
        raise SuiteError(f"weight of adversarial_training must be between 0 and 1, not {weight}")
    if epsilon <= 0 or steps < 1:
        told = f"not {epsilon} and {steps}"
        raise SuiteError(f"adversarial_training needs epsilon above 0 and at least 1 of steps, {told}")
    return AdversarialTraining(weight, epsilon, steps)


def worst_near(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, epsilon: float, steps: int
) -> torch.Tensor:
    """Return images float32 (B, C, H, W) moved within ±epsilon to raise the cross-entropy of labels int64 (B,)."""
    low = (images - epsilon).clamp(min=float(images.min()))
    high = (images + epsilon).clamp(max=float(images.max()))
    moved = images + epsilon * (2 * torch.rand_like(images) - 1)
    for _ in range(steps):
        moved = moved.clamp(low, high).detach().requires_grad_()
        with torch.enable_grad():
            loss = cross_entropy(model(moved).logits.float(), labels)
        (uphill,) = torch.autograd.grad(loss, moved)
        moved = moved.detach() + 2.5 * epsilon / steps * uphill.sign()
    return moved.clamp(low, high)


@contextmanager
def forgotten(model: nn.Module) -> Iterator[None]:
    """Let batch norm use the statistics of each batch and remember none of them."""
    norms = [module for module in model.modules() if getattr(module, "track_running_stats", False)]
    for norm in norms:
        norm.track_running_stats = False  # type: ignore[assignment]
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True  # type: ignore[assignment]
