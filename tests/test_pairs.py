"""Pairs and layers that a method or a suite asks for: given as asked, or refused before anything is trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from astrobench import DataError, PluginError
from astrobench.adaptation import Method
from astrobench.conformance import tiny
from astrobench.registry import Plugin
from astrobench.stages import weights
from astrobench.suite import Training
from astrobench.training import Checkpoint, Material, train
from astrobench.types import Output, Unlabelled
from torch import nn

RULES = Training(epochs=2, batch_size=8, augment=("flips", "rotations"), selection="last")


class Net(nn.Module):
    """Its first layer is the image itself."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.latent, self.head = nn.Flatten(), nn.Linear(16, 4), nn.Linear(4, 3)

    def forward(self, images):
        latent = self.latent(self.image(images))
        return Output(latent, self.head(latent))


class Watching(Method):
    """Asks for pairs and notes whether each target image is the negative of its partner."""

    paired, wanted_layers = True, ("image",)

    def __init__(self) -> None:
        super().__init__()
        self.met: list[bool] = []

    def terms(self, source, target, moment):
        self.met.append(torch.equal(source.layers["image"], -target.layers["image"]))
        return {}


def watched(*, partners: bool) -> list[bool]:
    stream = torch.Generator().manual_seed(0)
    images, order = torch.randn(32, 1, 4, 4, generator=stream), torch.randperm(32, generator=stream)
    labels = torch.arange(32) % 3
    told = order.argsort() if partners else None
    method = Watching()
    material = Material(images, labels, images[:8], labels[:8], -images[order], 3, told)
    train(Net(), method, material, RULES, "pairs/0", Checkpoint())
    return method.met


def test_a_pair_comes_together_and_turned_alike():
    assert watched(partners=True) == [True] * 8
    assert not any(watched(partners=False))


def needy(features, outputs):
    """Ask for pairs."""
    method = Method()
    method.paired = True
    return method


def strange(features, outputs):
    """Ask for a layer that is not there."""
    method = Method()
    method.wanted_layers = ("convolutoin",)
    return method


def plugin(function) -> Plugin:
    return Plugin("methods", function.__name__, function, "mine", "1.0", "mine")


def test_partners_are_found_by_id_in_whatever_order(monkeypatch):
    made = []
    monkeypatch.setattr(weights, "train", lambda model, method, material, *rest: made.append(material) or stop())
    known = tiny.dataset()
    order = np.random.default_rng(0).permutation(len(known.train.ids))
    target = Unlabelled(known.target.images, known.train.ids[order], known.target.stretch)
    with pytest.raises(StopIteration):
        tiny.weights_of(plugin(needy), {}, (), replace(known, target=target))
    assert np.array_equal(target.ids[made[0].partners.numpy()], known.train.ids)


def stop():
    raise StopIteration


def test_pairs_asked_of_unpaired_data_are_refused_in_one_line():
    told = (
        r"^method 'needy' needs pairs, and 54 of 54 training images of 'tiny' have no target image of the same id "
        r"\(the first is '0-0'\)$"
    )
    known = tiny.dataset()
    others = np.array([f"other {name}" for name in known.target.ids])
    target = Unlabelled(known.target.images, others, known.target.stretch)
    with pytest.raises(DataError, match=told):
        tiny.weights_of(plugin(needy), {}, (), replace(known, target=target))


def test_a_pair_that_two_target_images_could_make_is_refused_before_training():
    told = (
        r"^method 'needy' needs pairs, and 1 ids of 'tiny' name several target images \(the first is '0-0'\): nothing "
        r"tells which is the partner; bring one target image an id, or leave the method out$"
    )
    known = tiny.dataset()
    twice = np.append(known.train.ids, known.train.ids[:1])
    target = Unlabelled(np.asarray(known.target.images)[np.arange(len(twice)) % 54], twice, known.target.stretch)
    with pytest.raises(DataError, match=told):
        tiny.weights_of(plugin(needy), {}, (), replace(known, target=target))


def test_a_layer_that_a_method_asks_for_in_vain_is_told_before_training():
    with pytest.raises(PluginError, match=r"^the network has no layer 'convolutoin'; did you mean 'convolution'\?"):
        tiny.weights_of(plugin(strange), {}, (), tiny.dataset())


def test_a_layer_that_a_suite_asks_for_in_vain_is_told_before_training(monkeypatch):
    monkeypatch.setattr(weights, "_train", lambda *given: pytest.fail("it trained"))
    monkeypatch.setattr(tiny, "trained_model", lambda bench: weights.trained_model(bench, ("*", "Conv3d")))
    with pytest.raises(PluginError, match=r"^the network has no layer 'Conv3d'; did you mean 'Conv2d'\?"):
        tiny.weights_of(tiny.PLAIN, {}, (), tiny.dataset())
