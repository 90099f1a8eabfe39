"""A domain-adaptation method: named finite terms whose gradients reach the network, and no target labels."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING

import torch

from astrobench.adaptation import Alignment, Method, Step
from astrobench.conformance import trainings
from astrobench.conformance.halves import BATCH, MOMENTS, OUTPUTS, SHIFT, Subject, backward, terms_of
from astrobench.conformance.rules import SkippedError, expect
from astrobench.conformance.seeding import same, stored
from astrobench.errors import AstrobenchError

if TYPE_CHECKING:
    from collections.abc import Callable

TAKEN = ("epoch", "loss", "valid_loss", "valid_accuracy", "valid_r2", "valid_sample_loss")
"""Columns of a training's history that a term would overwrite. "task" is not among them: it may be replaced."""


def it_is_a_method(subject: Subject) -> None:
    """It returns an astrobench.Method with sound attributes."""
    method = subject.build()
    expect(isinstance(method, Method), f"it returns {type(method).__name__}, expected astrobench.Method")
    expect(0 < method.rate < float("inf"), f"rate is {method.rate}, expected a number above 0")
    expect(not isinstance(method.wanted_layers, str), "wanted_layers is a text, expected a tuple of names")


def its_terms_are_finite_scalars(subject: Subject) -> str:
    """At every moment of a training, each term is a finite floating scalar under a name that is free."""
    method, names = subject.build(), set[str]()
    for moment in MOMENTS:
        terms = terms_of(method, subject.step(labels=True), subject.step(shift=SHIFT), moment)
        for name, term in terms.items():
            expect(
                isinstance(name, str) and name not in ("", *TAKEN), f"a term is named {name!r}, a name of the engine"
            )
            expect(isinstance(term, torch.Tensor), f"term {name!r} is {type(term).__name__}, expected a tensor")
            told = f"term {name!r} is {term.dtype} {tuple(term.shape)}"
            expect(term.ndim == 0 and term.is_floating_point(), f"{told}, expected a floating scalar")
            expect(bool(term.isfinite()), f"term {name!r} is {term.item()} at epoch {moment.epoch}")
        names |= terms.keys()
    told = ", ".join(sorted(names)) or "none"
    return f"terms: {told}" + ("; it replaces the engine's task loss" if "task" in names else "")


def it_adapts(subject: Subject) -> str:
    """Where it uses the target, gradients reach what the network makes of it: adaptation is alive."""
    method = subject.build()
    if not method.uses_target:
        raise SkippedError("it does not use the target")
    reached: set[str] = set()
    for moment in MOMENTS:
        halves = {"source": subject.step(labels=True), "target": subject.step(shift=SHIFT)}
        backward(terms_of(method, halves["source"], halves["target"], moment))
        for domain, half in halves.items():
            for name, value in {"latent": half.latent, "logits": half.logits, **half.layers}.items():
                grad = torch.zeros(1) if value.grad is None else value.grad
                expect(bool(grad.isfinite().all()), f"the gradient of the {domain} {name} is not finite")
                reached |= {f"{domain} {name}"} if grad.abs().max() > 0 else set()
    told = ", ".join(sorted(reached)) or "nothing"
    expect("target" in told, f"no gradient reaches the target; it reaches {told}")
    return f"gradients reach {told}"


def its_own_parts_learn(subject: Subject) -> str:
    """Where it has trainable parameters, each gets a gradient."""
    method = subject.build()
    own = {name: value for name, value in method.named_parameters() if value.requires_grad}
    if not own:
        raise SkippedError("it has no parameters of its own")
    for moment in MOMENTS:
        backward(terms_of(method, subject.step(labels=True), subject.step(shift=SHIFT), moment))
    idle = [name for name, value in own.items() if value.grad is None]
    expect(not idle, f"parameter {idle[:1]} never gets a gradient")
    return f"{sum(value.numel() for value in own.values())} parameters"


def weight_zero_is_no_adaptation(subject: Subject) -> None:
    """At weight 0 the target is not shown, or all terms are 0."""
    if "weight" not in subject.case.params:
        raise SkippedError("it has no parameter 'weight'")
    try:
        method = subject.build(weight=0.0)
    except AstrobenchError as reason:
        raise SkippedError(f"it refuses weight 0: {reason}") from None
    terms = terms_of(method, subject.step(labels=True), subject.step(shift=SHIFT))
    told = {name: term.item() for name, term in terms.items() if term.item() != 0}
    expect(not told, f"at weight 0 terms are {told}")


def a_distance_is_least_at_no_shift(subject: Subject) -> str:
    """An alignment of two identical batches is 0 or below, or a floor far below that of a shift."""
    method = subject.build()
    if not isinstance(method, Alignment):
        raise SkippedError("it is not an astrobench.Alignment")
    source, target = subject.step().latent.detach(), subject.step(shift=SHIFT).latent.detach()
    none, some = float(method.distance(source, source.clone())), float(method.distance(source, target))
    told = f"{none:.3g} at no shift, {some:.3g} at a shift of {SHIFT} standard deviations"
    expect(none < some, f"distance is {told}: it does not grow with the shift")
    expect(
        none <= 0.01 * some or "floor" in subject.case.plugin.doc,
        f"distance is {told}: expected 0, or a floor that the docstring tells",
    )
    return told


def it_is_deterministic(subject: Subject) -> None:
    """Built and called twice from one seed, it gives the same terms bit for bit."""
    found = [dict(terms_of(subject.build(), subject.step(labels=True), subject.step(shift=SHIFT))) for _ in range(2)]
    expect(same(*found), "two runs from one seed give different terms")


def it_leaves_its_inputs_alone(subject: Subject) -> None:
    """Latents, logits and labels are not changed in place."""
    source, target = subject.step(labels=True), subject.step(shift=SHIFT)
    before = [value.detach().clone() for value in (source.latent, source.logits, target.latent, target.logits)]
    terms_of(subject.build(), source, target)
    after = (source.latent, source.logits, target.latent, target.logits)
    expect(all(map(torch.equal, before, after)), "it changes a latent or logits in place")


def a_checkpoint_holds_all_it_remembers(subject: Subject) -> None:
    """After a way through safetensors into a fresh method, the terms are the same."""
    method, other = subject.build(), subject.build(seed=1)
    for moment in MOMENTS[:2]:
        terms_of(method, subject.step(labels=True), subject.step(shift=SHIFT), moment)
    other.load_state_dict(stored(method))
    first, second = (
        terms_of(one, subject.step(labels=True), subject.step(shift=SHIFT), MOMENTS[2]) for one in (method, other)
    )
    expect(
        same(dict(first), dict(second)),
        "a restored method gives other terms: it remembers what is no buffer or parameter",
    )


def two_images_are_enough(subject: Subject) -> None:
    """The smallest batch, two images a domain, gives finite terms, or is refused with a sentence."""
    halves = [subject.step(labels=True), subject.step(shift=SHIFT)]
    source, target = (
        Step(
            half.latent[:2],
            half.logits[:2],
            None if half.labels is None else half.labels[:2],
            {n: v[:2] for n, v in half.layers.items()},
        )
        for half in halves
    )
    try:
        terms = terms_of(subject.build(), source, target)
    except AstrobenchError as reason:
        raise SkippedError(f"it refuses two images: {reason}") from None
    for name, term in terms.items():
        expect(bool(term.isfinite()), f"term {name!r} is {term.item()} for two images")


def a_regression_is_sound_or_refused(subject: Subject) -> str:
    """With numbers as labels the terms are finite and so are their gradients, or the method needs class labels."""
    method = subject.build()
    if method.needs_classes:
        raise SkippedError("it needs class labels: a regression is refused")
    source, target = subject.step(labels=True), subject.step(shift=SHIFT)
    numbers = torch.rand(BATCH, OUTPUTS, generator=torch.Generator().manual_seed(0))
    terms = terms_of(method, replace(source, labels=numbers), target)
    backward(terms)
    for name, value in {**terms, "gradient": source.latent.grad}.items():
        expect(value is None or bool(value.isfinite().all()), f"{name} is not finite for a regression")
    return f"terms: {', '.join(sorted(terms)) or 'none'}"


def _trained(rule: Callable[[trainings.Trainings], str | None]) -> Callable[[Subject], str | None]:
    """Return a rule of trainings as a rule of methods."""

    @wraps(rule)
    def of_subject(subject: Subject) -> str | None:
        return rule(subject.trainings)

    return of_subject


RULES = (
    it_is_a_method,
    its_terms_are_finite_scalars,
    it_adapts,
    its_own_parts_learn,
    weight_zero_is_no_adaptation,
    a_distance_is_least_at_no_shift,
    it_is_deterministic,
    it_leaves_its_inputs_alone,
    a_checkpoint_holds_all_it_remembers,
    two_images_are_enough,
    a_regression_is_sound_or_refused,
    *map(_trained, trainings.RULES),
)
