"""The one training loop. The engine owns it, so that methods differ in their loss and in nothing else.

A training is a pure function of its key: batches, turns and dropout are drawn anew for each epoch from streams of
their own, so one that was killed goes on from its last epoch to the same weights, bit for bit.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import torch
from torch import nn

from astrobench.adaptation import Moment, Step
from astrobench.layers import captured
from astrobench.progress import report
from astrobench.seeds import seed_of
from astrobench.training.batches import batches, generator, steps_in, turned
from astrobench.training.batchnorm import BATCHES, check_statistics, leaning, recalibrate
from astrobench.training.optimisers import optimiser_for, set_rate
from astrobench.training.precision import forward_in
from astrobench.training.regression import moment_loss
from astrobench.training.resuming import everything, resumed
from astrobench.training.selection import is_last, kept_epochs, out_of_patience, select, validated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from astrobench.adaptation import Method
    from astrobench.suite import Training
    from astrobench.training.state import Checkpoint, Material, Run, Tensors


def train(
    model: nn.Module, method: Method, material: Material, rules: Training, scope: str, checkpoint: Checkpoint
) -> Run:
    """Train until the budget or the patience ends; return the run with the weights that the rule selects.

    scope: names the random streams, (dataset, seed) and never the method, so that methods meet the same batches.
    Raises ArithmeticError when the loss is no longer finite, SuiteError for a network that the method cannot adapt.
    """
    check_statistics(model, method.target_statistics)
    optimiser = optimiser_for(model, method, rules, material.inputs.device)
    run = resumed(checkpoint, model, method, optimiser)
    steps = steps_in(len(material.inputs), rules.batch_size)
    kept = kept_epochs(rules.epochs, rules.checkpoints)
    while run.epoch < rules.epochs and not out_of_patience(run, rules):
        began = time.monotonic()
        told = _epoch(model, method, optimiser, material, rules, scope, run, steps)
        if rules.batchnorm == "recalibrated":
            recalibrate(model, _shown(model, method, material, rules, scope, run.epoch, min(steps, BATCHES)))
        told |= validated(model, material, generator(scope, "validation", run.epoch))
        run.history.append({"epoch": run.epoch, **told})
        with leaning(model, method.target_statistics, _of_target(material, rules, scope, run.epoch)):
            select(run, model, rules)
            if run.epoch in kept or is_last(run, rules):
                checkpoint.keep(run.epoch, model)
                run.kept.append(run.epoch)
        run.epoch += 1
        run.seconds += time.monotonic() - began
        carried = "no_gradient_reset" in rules.quirks
        checkpoint.save(run, everything(model, method, optimiser, gradients=carried))
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
    if material.partners is not None:  # a pair is turned alike
        streams["target turns"] = generator(scope, "source turns", run.epoch)
    alone = "random_batches" in rules.quirks
    source = batches(len(material.inputs), rules.batch_size, steps, streams["source"], independent=alone)
    target = batches(len(material.target_inputs), rules.batch_size, steps, streams["target"], independent=alone)
    weight = class_weight(material, rules)
    sums: Tensors = {}
    for number, (rows, others) in enumerate(zip(source, target, strict=True)):
        done = run.epoch * steps + number
        set_rate(optimiser, rules, done / (rules.epochs * steps))
        images, labels = _batch(material.inputs, rows, rules, streams["source turns"]), material.labels[rows]
        others = others if material.partners is None else material.partners[rows]
        unlabelled = (
            _batch(material.target_inputs, others, rules, streams["target turns"]) if method.uses_target else None
        )
        moment = Moment(run.epoch, done / (rules.epochs * steps))
        with forward_in(rules.precision, model, images.device):
            images = method.shown(images, labels, model)
            terms = _terms(model, method, images, labels, unlabelled, weight, moment)
        _update(optimiser, terms, model, rules)
        for name, term in terms.items():
            sums[name] = sums.get(name, 0.0) + term.detach()
        report("training", done + 1, rules.epochs * steps, _headline(run))
    means = {name: float(value) / steps for name, value in sums.items()}
    _check_finite(means, run.epoch)
    return {"loss": math.fsum(means.values()), **means}


def _shown(
    model: nn.Module, method: Method, material: Material, rules: Training, scope: str, epoch: int, steps: int
) -> Iterator[torch.Tensor]:
    """Yield batches as training shows them, for the statistics of batch norm."""
    stream = generator(scope, "batch norm", epoch)
    source = batches(len(material.inputs), rules.batch_size, steps, stream, independent=False)
    target = batches(len(material.target_inputs), rules.batch_size, steps, stream, independent=False)
    for rows, others in zip(source, target, strict=True):
        images = method.shown(_batch(material.inputs, rows, rules, stream), material.labels[rows], model)
        yield (
            torch.cat([images, _batch(material.target_inputs, others, rules, stream)]) if method.uses_target else images
        )


def _of_target(material: Material, rules: Training, scope: str, epoch: int) -> Iterator[torch.Tensor]:
    """Yield target batches as training shows them."""
    stream, n = generator(scope, "target statistics", epoch), len(material.target_inputs)
    for rows in batches(n, rules.batch_size, min(steps_in(n, rules.batch_size), BATCHES), stream, independent=False):
        yield _batch(material.target_inputs, rows, rules, stream)


def _terms(
    model: nn.Module, method: Method, images: torch.Tensor, labels: torch.Tensor, target: torch.Tensor | None,
    weight: torch.Tensor | None, moment: Moment,
) -> Tensors:  # fmt: skip
    """Return all terms of the loss, from one forward pass over both domains."""
    n = len(images)
    together = images if target is None else torch.cat([images, target])
    with captured(model, method.wanted_layers) as layers:
        latent, logits = model(together)
    halves = [{name: value[part].float() for name, value in layers.items()} for part in (slice(n), slice(n, None))]
    source = Step(latent[:n].float(), logits[:n].float(), labels, halves[0])
    other = None if target is None else Step(latent[n:].float(), logits[n:].float(), None, halves[1])
    task = task_loss(source.logits, labels, weight)
    return {"task": task, **method.terms(source, other, moment)}


def task_loss(logits: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    """Return the cross-entropy of class indices, or the moment loss of the targets of a regression."""
    if labels.is_floating_point():
        return moment_loss(logits, labels)
    return nn.functional.cross_entropy(logits, labels, weight=weight)


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


def class_weight(material: Material, rules: Training) -> torch.Tensor | None:
    """Return N/(K·n_k), so that a rare class counts as much as a common one (DeepAdversaries §1.5)."""
    if not rules.class_weights or not material.classes:
        return None
    counts = torch.bincount(material.labels, minlength=material.classes).float()
    return len(material.labels) / (material.classes * counts.clamp(min=1))


def _check_finite(means: dict[str, float], epoch: int) -> None:
    wrong = [name for name, value in means.items() if not math.isfinite(value)]
    if wrong:
        raise ArithmeticError(f"loss term {wrong[0]!r} is {means[wrong[0]]} in epoch {epoch}: training diverged")


def _headline(run: Run) -> str:
    if not run.history:
        return ""
    last = run.history[-1]
    merit = "valid_accuracy" if "valid_accuracy" in last else "valid_r2"
    return f"loss {last['loss']:.3f}, {merit.replace('_', ' ')} {last[merit]:.3f}"
