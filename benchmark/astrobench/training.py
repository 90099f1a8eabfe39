"""The one training loop. The engine owns it, so that methods differ in their loss and in nothing else.

A training is a pure function of its key: batches, turns and dropout are drawn anew for each epoch from streams of
their own, so one that was killed goes on from its last epoch to the same weights, bit for bit.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from astrobench.adaptation import Moment, Step
from astrobench.batches import batches, generator, steps_in, turned
from astrobench.layers import captured
from astrobench.progress import report
from astrobench.seeds import seed_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench.adaptation import Method
    from astrobench.suite import Training

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Material:
    """What a training sees, resident on the device. *_inputs: float32 (N, C, H, W); labels: int64 (N,).

    target_inputs has no labels beside it, by design. classes: how many, 0 for a regression.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    valid_inputs: torch.Tensor
    valid_labels: torch.Tensor
    target_inputs: torch.Tensor
    classes: int


@dataclass
class Run:
    """How far a training is. best: the weights of the epoch that the selection rule keeps so far."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: Tensors = field(default_factory=dict)
    best_epoch: int = -1
    seconds: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """Where a training keeps its last finished epoch: two functions, so that the loop knows no file."""

    load: Callable[[], tuple[Run, Tensors] | None] = lambda: None
    save: Callable[[Run, Tensors], None] = lambda run, tensors: None


def train(
    model: nn.Module, method: Method, material: Material, rules: Training, scope: str, checkpoint: Checkpoint
) -> Run:
    """Train until the budget or the patience ends; return the run with the weights that the rule selects.

    scope: names the random streams, (dataset, seed) and never the method, so that methods meet the same batches.
    Raises ArithmeticError when the loss is no longer finite.
    """
    optimiser = _optimiser(model, method, rules, material.inputs.device)
    run = _resumed(checkpoint, model, method, optimiser)
    steps = steps_in(len(material.inputs), rules.batch_size)
    while run.epoch < rules.epochs and not _out_of_patience(run, rules):
        began = time.monotonic()
        told = _epoch(model, method, optimiser, material, rules, scope, run, steps)
        told |= _validated(model, material, rules, generator(scope, "validation", run.epoch))
        run.history.append({"epoch": run.epoch, **told})
        _select(run, model, rules)
        run.epoch += 1
        run.seconds += time.monotonic() - began
        checkpoint.save(run, _everything(model, method, optimiser))
    return run


def _epoch(
    model: nn.Module, method: Method, optimiser: torch.optim.Optimizer, material: Material, rules: Training,
    scope: str, run: Run, steps: int,
) -> dict[str, float]:  # fmt: skip
    """Do one epoch; return the mean of each loss term. The only wait for the device is at its end."""
    torch.manual_seed(seed_of(scope, "dropout", run.epoch))
    model.train(), method.train()
    method.start_epoch(run.epoch)
    streams = {name: generator(scope, name, run.epoch) for name in ("source", "target", "source turns", "target turns")}
    alone = "random_batches" in rules.quirks
    source = batches(len(material.inputs), rules.batch_size, steps, streams["source"], independent=alone)
    target = batches(len(material.target_inputs), rules.batch_size, steps, streams["target"], independent=alone)
    weight = _class_weight(material, rules)
    sums: Tensors = {}
    for number, (rows, others) in enumerate(zip(source, target, strict=True)):
        done = run.epoch * steps + number
        _set_rate(optimiser, rules, done / (rules.epochs * steps))
        images = _batch(material.inputs, rows, rules, streams["source turns"])
        shown = _batch(material.target_inputs, others, rules, streams["target turns"]) if method.uses_target else None
        with torch.autocast(images.device.type, torch.bfloat16, enabled=rules.precision == "bf16"):
            moment = Moment(run.epoch, done / (rules.epochs * steps))
            terms = _terms(model, method, images, material.labels[rows], shown, weight, moment)
        _update(optimiser, terms, model, rules)
        for name, term in terms.items():
            sums[name] = sums.get(name, 0.0) + term.detach()
        report("training", done + 1, rules.epochs * steps, _headline(run))
    means = {name: float(value) / steps for name, value in sums.items()}
    _check_finite(means, run.epoch)
    return {"loss": math.fsum(means.values()), **means}


def _terms(
    model: nn.Module, method: Method, images: torch.Tensor, labels: torch.Tensor, target: torch.Tensor | None,
    weight: torch.Tensor | None, moment: Moment,
) -> Tensors:  # fmt: skip
    """Return all terms of the loss, from one forward pass over both domains."""
    n = len(images)
    together = images if target is None else torch.cat([images, target])
    with captured(model, method.wanted_layers) as layers:
        latent, logits = model(together)
    halves = [{name: value[part] for name, value in layers.items()} for part in (slice(n), slice(n, None))]
    source = Step(latent[:n].float(), logits[:n].float(), labels, halves[0])
    other = None if target is None else Step(latent[n:].float(), logits[n:].float(), None, halves[1])
    task = nn.functional.cross_entropy(source.logits, labels, weight=weight)
    return {"task": task, **method.terms(source, other, moment)}


def _update(optimiser: torch.optim.Optimizer, terms: Tensors, model: nn.Module, rules: Training) -> None:
    if "no_gradient_reset" not in rules.quirks:
        optimiser.zero_grad(set_to_none=True)
    torch.stack([term.float() for term in terms.values()]).sum().backward()  # type: ignore[no-untyped-call]
    if rules.gradient_clip is not None:
        nn.utils.clip_grad_norm_(model.parameters(), rules.gradient_clip)
    optimiser.step()


def _batch(inputs: torch.Tensor, rows: torch.Tensor, rules: Training, stream: torch.Generator) -> torch.Tensor:
    images = inputs[rows.to(inputs.device)]
    return turned(images, rules.augment, stream) if rules.augment else images


def _class_weight(material: Material, rules: Training) -> torch.Tensor | None:
    """Return N/(K·n_k), so that a rare class counts as much as a common one (DeepAdversaries §1.5)."""
    if not rules.class_weights:
        return None
    counts = torch.bincount(material.labels, minlength=material.classes).float()
    return len(material.labels) / (material.classes * counts.clamp(min=1))


def _optimiser(model: nn.Module, method: Method, rules: Training, device: torch.device) -> torch.optim.Optimizer:
    groups = [{"params": list(model.parameters()), "factor": 1.0}]
    if own := list(method.parameters()):
        groups.append({"params": own, "factor": method.rate})
    common: dict[str, Any] = {
        "lr": rules.learning_rate,
        "weight_decay": rules.weight_decay,
        "fused": device.type != "mps",
    }
    if rules.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=rules.betas[0], nesterov=True, **common)
    kind = torch.optim.AdamW if rules.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, betas=rules.betas, **common)


def _set_rate(optimiser: torch.optim.Optimizer, rules: Training, progress: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rules.learning_rate * group["factor"] * rate_at(rules.schedule, progress)


def rate_at(schedule: str, progress: float) -> float:
    """Return the learning rate as a fraction of its peak, at progress 0 … 1 of the budget."""
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    if schedule == "one_cycle":
        rise = 0.3
        return progress / rise if progress < rise else 0.5 * (1 + math.cos(math.pi * (progress - rise) / (1 - rise)))
    return 1.0


@torch.inference_mode()
def _validated(model: nn.Module, material: Material, rules: Training, stream: torch.Generator) -> dict[str, float]:
    """Return loss and accuracy on the source validation set, and the loss of 64 random images of it."""
    model.eval()
    parts = [model(images).logits.float() for images in material.valid_inputs.split(64)]
    logits, labels = torch.cat(parts), material.valid_labels
    losses = nn.functional.cross_entropy(logits, labels, reduction="none")
    some = torch.randperm(len(labels), generator=stream)[:64].to(labels.device)
    return {
        "valid_loss": float(losses.mean()),
        "valid_accuracy": float((logits.argmax(1) == labels).float().mean()),
        "valid_sample_loss": float(losses[some].mean()),
    }


def _select(run: Run, model: nn.Module, rules: Training) -> None:
    """Keep this epoch's weights when the rule prefers them. No rule sees a target label."""
    now = run.history[-1]
    best = run.history[run.best_epoch] if run.best_epoch >= 0 else None
    merit = (now["valid_accuracy"], -now["valid_loss"])
    if rules.selection == "last" or best is None or merit > (best["valid_accuracy"], -best["valid_loss"]):
        run.best_epoch = run.epoch
        run.best = {name: value.detach().clone() for name, value in model.state_dict().items()}


def _out_of_patience(run: Run, rules: Training) -> bool:
    if rules.patience is None or not run.history:
        return False
    if "cumulative_patience" in rules.quirks:
        return _cumulative_excess([told["valid_sample_loss"] for told in run.history]) > rules.patience
    losses = [told["valid_loss"] for told in run.history]
    return len(losses) - 1 - losses.index(min(losses)) >= rules.patience


def _cumulative_excess(losses: list[float]) -> float:
    """Return the published early-stop counter: it grows with the excess over the best loss and is never reset."""
    best, count = math.inf, 0.0
    for loss in losses:
        excess, best = loss - best, min(best, loss)
        count += next((step for edge, step in ((0.4, 1.0), (0.3, 0.5), (0.2, 0.25), (0.1, 0.1)) if excess >= edge), 0.0)
    return count


def _check_finite(means: dict[str, float], epoch: int) -> None:
    wrong = [name for name, value in means.items() if not math.isfinite(value)]
    if wrong:
        raise ArithmeticError(f"loss term {wrong[0]!r} is {means[wrong[0]]} in epoch {epoch}: training diverged")


def _headline(run: Run) -> str:
    if not run.history:
        return ""
    last = run.history[-1]
    return f"loss {last['loss']:.3f}, valid accuracy {last['valid_accuracy']:.3f}"


def _everything(model: nn.Module, method: Method, optimiser: torch.optim.Optimizer) -> Tensors:
    """Return all tensors that the next epoch depends on, under names of their own."""
    parts = {"model": model.state_dict(), "method": method.state_dict()}
    tensors = {f"{part}/{name}": value for part, state in parts.items() for name, value in state.items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{name}": value for name, value in state.items() if value is not None}
    return tensors


def _resumed(checkpoint: Checkpoint, model: nn.Module, method: Method, optimiser: torch.optim.Optimizer) -> Run:
    """Return the run of the last checkpoint with all tensors put back, or a new one."""
    kept = checkpoint.load()
    if kept is None:
        return Run()
    run, tensors = kept
    for part, module in (("model", model), ("method", method)):
        module.load_state_dict({name: v for (head, name), v in _split(tensors) if head == part})
    state: dict[int, Tensors] = {}
    for (head, name), value in _split(tensors):
        if head == "optimiser":
            index, field_name = name.split("/", 1)
            state.setdefault(int(index), {})[field_name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return run


def _split(tensors: Tensors) -> list[tuple[tuple[str, str], torch.Tensor]]:
    return [((name.split("/", 1)[0], name.split("/", 1)[1]), value) for name, value in tensors.items()]
