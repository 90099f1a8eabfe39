"""Sure of each target image, and not of one class for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench.validators.probabilities import entropies, softmax

if TYPE_CHECKING:
    from astrobench.validators.snapshot import Snapshot


def entropy(snapshot: Snapshot) -> float:
    """Return minus the mean entropy of target predictions, in nats: 0 where the network is sure of every image.

    It rewards a network that is sure and wrong. Source: Morerio et al. 2018 (arXiv:1711.10288).
    """
    return -float(entropies(softmax(snapshot.target_logits)).mean())


def information_maximisation(snapshot: Snapshot) -> float:
    """Return the entropy of the mean target prediction minus the mean entropy, in nats, from 0 to ln K.

    It is the mutual information of image and prediction, so one class for all images earns nothing. It takes classes
    that are about as frequent as one another in the target. Source: Shi & Sha 2012 (arXiv:1206.6438).
    """
    probabilities = softmax(snapshot.target_logits)
    return float(entropies(probabilities.mean(axis=0, keepdims=True))[0] - entropies(probabilities).mean())
