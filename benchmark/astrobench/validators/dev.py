"""Deep embedded validation: the source validation loss, each image weighed by how much it looks like the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench.validators.density_ratio import density_ratio
from astrobench.validators.probabilities import log_softmax

if TYPE_CHECKING:
    from astrobench.validators.snapshot import Snapshot


def dev(snapshot: Snapshot) -> float:
    """Return minus the importance-weighted cross-entropy on source validation images, in nats, with a control variate.

    The weight of an image is the density ratio target/source of its latent, by logistic regression. It estimates the
    target's loss without a target label where the domains overlap and a latent's class does not depend on its domain.
    NaN for fewer than four images of a domain.

    Source: You et al. 2019 (PMLR 97, 7124). There a network with one hidden layer tells the domains apart; here it is
    a ridge logistic regression, cross-fitted, so that no image is weighed by a classifier that was fitted to it.
    """
    labels = snapshot.source_labels
    if min(len(labels), len(snapshot.target_latent)) < 4:
        return float("nan")
    losses = -log_softmax(snapshot.source_logits)[np.arange(len(labels)), labels]
    return -weighted_risk(density_ratio(snapshot.source_latent, snapshot.target_latent), losses)


def weighted_risk(weights: np.ndarray, losses: np.ndarray) -> float:
    """Return mean(w·l) + η·(mean(w) − 1) with η = −cov(w·l, w)/var(w), of float64 (N,) each.

    The weights of true densities have mean 1, so the second term is 0 on average and takes variance away. Source: You
    et al. 2019, Eq. 10.
    """
    weighted = weights * losses  # one number an image: (N,) times (N,)
    variance = float(weights.var(ddof=1))
    if variance == 0:
        return float(weighted.mean())
    eta = -float(np.cov(weighted, weights, ddof=1)[0, 1]) / variance
    return float(weighted.mean() + eta * (weights.mean() - 1))
