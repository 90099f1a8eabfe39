"""Which epoch is kept and when a training stops. No rule here sees a target label."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from astrobench.training.regression import determination, moment_loss

if TYPE_CHECKING:
    from astrobench.suite import Training
    from astrobench.training.state import Material, Run


@torch.inference_mode()
def validated(model: nn.Module, material: Material, stream: torch.Generator) -> dict[str, float]:
    """Return loss and accuracy (of a regression R²) on the source validation set, and the loss of 64 images of it."""
    model.eval()
    batches = torch.split(material.valid_inputs, 64)
    parts = [model(images.clone()).logits.float() for images in batches]  # a network may work in place
    logits, labels = torch.cat(parts), material.valid_labels
    some = torch.randperm(len(labels), generator=stream)[:64].to(labels.device)
    if labels.is_floating_point():
        return {
            "valid_loss": float(moment_loss(logits, labels)),
            "valid_r2": float(determination(logits, labels)),
            "valid_sample_loss": float(moment_loss(logits[some], labels[some])),
        }
    losses = nn.functional.cross_entropy(logits, labels, reduction="none")
    return {
        "valid_loss": float(losses.mean()),
        "valid_accuracy": float((logits.argmax(1) == labels).float().mean()),
        "valid_sample_loss": float(losses[some].mean()),
    }


def select(run: Run, model: nn.Module, rules: Training) -> None:
    """Keep this epoch's weights when the source validation set prefers them, or always where the rule is "last"."""
    now = run.history[-1]
    best = run.history[run.best_epoch] if run.best_epoch >= 0 else None
    if rules.selection == "last" or best is None or _merit(now) > _merit(best):
        run.best_epoch = run.epoch
        run.best = {name: value.detach().clone() for name, value in model.state_dict().items()}


def _merit(told: dict[str, float]) -> tuple[float, float]:
    """Return accuracy, then loss; of a regression the loss alone."""
    return told.get("valid_accuracy", 0.0), -told["valid_loss"]


def kept_epochs(epochs: int, most: int) -> tuple[int, ...]:
    """Return which epochs are kept, from 0: at most `most`, evenly spread over the budget, the last one among them.

    A budget of more than five epochs keeps every other one at the most.
    """
    count = min(most, epochs, max(5, epochs // 2))
    return tuple((number + 1) * epochs // count - 1 for number in range(count))


def is_last(run: Run, rules: Training) -> bool:
    """Say whether a training ends with the epoch that was just validated."""
    return run.epoch + 1 >= rules.epochs or out_of_patience(run, rules)


def out_of_patience(run: Run, rules: Training) -> bool:
    """Say whether the validation loss has not improved for as many epochs as the rules allow."""
    if rules.patience is None or not run.history:
        return False
    if "cumulative_patience" in rules.quirks:
        return cumulative_excess([told["valid_sample_loss"] for told in run.history]) > rules.patience
    losses = [told["valid_loss"] for told in run.history]
    return len(losses) - 1 - losses.index(min(losses)) >= rules.patience


def cumulative_excess(losses: list[float]) -> float:
    """Return the published early-stop counter: it grows with the excess over the best loss and is never reset."""
    best, count = math.inf, 0.0
    for loss in losses:
        excess, best = loss - best, min(best, loss)
        count += next((step for edge, step in ((0.4, 1.0), (0.3, 0.5), (0.2, 0.25), (0.1, 0.1)) if excess >= edge), 0.0)
    return count
