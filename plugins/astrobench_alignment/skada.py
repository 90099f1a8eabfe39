"""Losses of skada under astrobench's loop, for a second opinion on the same methods."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import torch
from astrobench import Method, SuiteError

from astrobench_alignment.adversary import Discriminator, reversed_gradient
from astrobench_alignment.cdan import conditioned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step

NAMES = {
    "dan": "DANLoss",
    "deep_coral": "DeepCoralLoss",
    "deep_jdot": "DeepJDOTLoss",
    "mcc": "MCCLoss",
    "dann": "DANNLoss",
    "cdan": "CDANLoss",
}
HIDDEN = 100
"""Width of skada's own domain classifier."""


class Skada(Method):
    """A loss of skada, fed with our steps."""

    needs_classes = True

    def __init__(self, loss: torch.nn.Module, weight: float) -> None:
        super().__init__()
        self.loss, self.weight = loss, weight
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the weighted loss."""
        if target is None or self.weight == 0:
            return {}
        return {"skada": self.weight * self.loss(**given(source, target))}


class Adversarial(Skada):
    """A loss of skada that needs a domain classifier: ours, because skada's own is constant."""

    def __init__(self, loss: torch.nn.Module, weight: float, inputs: int, *, conditional: bool) -> None:
        super().__init__(loss, weight)
        self.discriminator = Discriminator(inputs, HIDDEN, dropout=0.0)
        self.conditional = conditional

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the discriminator's loss; the encoder receives it reversed and weighted."""
        if target is None or self.weight == 0:
            return {}
        seen = [conditioned(step) if self.conditional else step.latent for step in (source, target)]
        domains = [self.discriminator(reversed_gradient(part, self.weight))[:, 0] for part in seen]
        told = {"domain_pred_s": domains[0], "domain_pred_t": domains[1]}
        return {"skada": self.loss(**given(source, target), **told)}


def skada(
    features: int,
    classes: int,
    *,
    loss: Literal["dan", "deep_coral", "deep_jdot", "mcc", "dann", "cdan"] = "dan",
    weight: float = 1.0,
) -> Skada:
    """Align with a loss of the library skada: DAN, Deep CORAL, DeepJDOT, MCC, DANN or CDAN as skada computes them.

    Needs `pip install "astrobench[skada]"`. Batches, budget and optimiser are the engine's; loss and defaults are
    skada's, so its values differ from those of our methods of the same name: "dan" takes 33 kernels of the distance,
    not of its square, and keeps each point's pair with itself; "dann" and "cdan" sum over the domains and do not
    rise. skada's domain classifier ends in a softmax over one unit, is constant and adapts nothing (0.3.0 to 0.6.0):
    "dann" and "cdan" get a discriminator of the same width that gives a logit, and "cdan" is conditioned on
    probabilities where skada passes raw logits. Not offered: MDD (takes an N × N block for one probability a sample),
    CAN (masks one of two axes), SPA (needs to know which image is which). 0 for identical batches with "dan" and
    "deep_coral".

    Raises:
        SuiteError: if skada is not installed.

    Source: skada 0.6.0 (BSD-3-Clause), https://scikit-adaptation.github.io; Gnassounou et al. 2024, arXiv 2407.11676.
    """
    criterion = torch.nn.BCEWithLogitsLoss()
    if loss == "dann":
        return Adversarial(_of_skada(loss, domain_criterion=criterion), weight, features, conditional=False)
    if loss == "cdan":
        return Adversarial(_of_skada(loss, domain_criterion=criterion), weight, features * classes, conditional=True)
    return Skada(_of_skada(loss), weight)


def given(source: Step, target: Step) -> dict[str, torch.Tensor | None]:
    """Return what a loss of skada may ask for, under skada's names."""
    return {
        "y_s": source.labels,
        "y_pred_s": source.logits,
        "y_pred_t": target.logits,
        "features_s": source.latent,
        "features_t": target.latent,
    }


def _of_skada(loss: str, **options: Any) -> torch.nn.Module:
    try:
        library = import_module("skada.deep")
    except ImportError as error:
        raise SuiteError(f"method 'skada' needs skada ({error}): pip install 'astrobench[skada]'") from None
    built: torch.nn.Module = getattr(library, NAMES[loss])(**options)
    return built
