"""Architectures: for every rule one that it catches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from astrobench import DataError, Output
from astrobench.conformance.skies import TinyNetwork
from conforming import caught, reported, statuses
from torch import nn


class Network(TinyNetwork):
    """A sound network, to be spoiled. kwargs: what to spoil."""

    def __init__(self, shape, outputs):
        super().__init__()
        self.convolution = nn.Conv2d(shape[0], 6, 3, padding=1)
        self.head = nn.Linear(8, outputs)


class Pair(Network):
    def forward(self, images):
        return tuple(super().forward(images))


class Flat(Network):
    def forward(self, images):
        found = super().forward(images)
        return Output(found.latent.flatten(), found.logits)


class Together(Network):
    def forward(self, images):
        found = super().forward(images)
        return Output(found.latent, found.logits - found.logits.mean(0) * (len(images) > 1))


class Noisy(Network):
    def forward(self, images):
        found = super().forward(images)
        return Output(found.latent, found.logits + 0.1 * torch.randn_like(found.logits))


class Constant(Network):
    def __init__(self, shape, outputs):
        super().__init__(shape, outputs)
        for value in self.parameters():
            nn.init.constant_(value, 0.1)


class Unseeded(Network):
    def __init__(self, shape, outputs):
        super().__init__(shape, outputs)
        self.head.weight.data += float(np.random.default_rng().random())


class Layerless(Network):
    layers = ()


class Dreaming(Network):
    layers = ("convolution", "unused")

    def __init__(self, shape, outputs):
        super().__init__(shape, outputs)
        self.unused = nn.Linear(2, 2)


class Misnamed(Network):
    layers = ("convolutoin",)


class Cut(Network):
    def forward(self, images):
        return super().forward(images.detach())


class Hidden(Network):
    """Keeps a random projection where no state sees it."""

    def __init__(self, shape, outputs):
        super().__init__(shape, outputs)
        self.mix = [torch.randn(outputs, outputs)]

    def forward(self, images):
        found = super().forward(images)
        return Output(found.latent, found.logits @ self.mix[0])


class Stubborn(Network):
    def __init__(self, shape, outputs):
        super().__init__(shape, 3)


def network(kind):
    def mine(shape, outputs):
        """Build a network."""
        return kind(shape, outputs)

    return mine


@pytest.mark.parametrize(
    ("kind", "rule", "told"),
    [
        (lambda shape, outputs: 3, "it is a network", "it returns int, expected nn.Module"),
        (Pair, "it returns latent and logits", "it returns tuple, expected astrobench.Output"),
        (Flat, "it returns latent and logits", "latent is (32,) for 4 images"),
        (Together, "in evaluation an image stands alone", "an image alone gives another output"),
        (Noisy, "in evaluation an image stands alone", "two passes in evaluation mode differ"),
        (Constant, "its weights come from the seed", "two seeds give the same weights"),
        (Unseeded, "its weights come from the seed", "two networks from one seed differ"),
        (Layerless, "its layers run", "it has no `layers`"),
        (Dreaming, "its layers run", "layer 'unused' does not run"),
        (Misnamed, "its layers run", "no layer 'convolutoin'; did you mean 'convolution'"),
        (Cut, "it can be trained", "no gradient reaches the image"),
        (Hidden, "its state is all it is", "restored weights give another output"),
        (Stubborn, "it adapts to bands and classes", "logits have 3 columns for 5 outputs"),
    ],
)
def test_an_architecture_is_checked(kind, rule, told):
    caught("architectures", network(kind), rule, told)


def test_a_sound_network_conforms_and_a_picky_one_is_given_its_size():
    def picky(shape, outputs):
        """Take three bands of 64 pixels and more."""
        if shape[1] < 64 or shape[0] != 3:
            raise DataError("three bands of at least 64 pixels")
        return Network(shape, outputs)

    assert statuses("architectures", network(Network)) == {"passed"}
    found = reported("architectures", picky)
    assert "64 x 64 pixels" in found["it is a network"][1]
    assert found["it adapts to bands and classes"][0] == "skipped"
