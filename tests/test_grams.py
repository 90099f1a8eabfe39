"""Gram matrices formed while a network runs, against the activations themselves in float64."""

from __future__ import annotations

import copy
import weakref

import numpy as np
import pytest
import torch
from astrobench.errors import PluginError, SuiteError
from astrobench.grams import CACHED, cka_rows, features, gram, grams, layers_of
from astrobench.layers import captured, hooked
from astrobench.predicting import seen_by_cka
from astrobench.suite import Predict, check_suite
from torch import nn

N = 12


class Net(nn.Module):
    """Two convolutions with a norm and an activation each, and a head."""

    layers = ("first", "second", "head")

    def __init__(self, *, inplace: bool = False) -> None:
        super().__init__()
        self.first, self.norm, self.second = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 6, 3, stride=2)
        self.act, self.late, self.head = nn.ReLU(inplace=inplace), nn.ReLU(inplace=inplace), nn.Linear(54, 2)

    def forward(self, images):
        return self.head(self.late(self.second(self.act(self.norm(self.first(images))))).flatten(1))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net().eval()


@pytest.fixture
def images():
    return torch.randn(N + 3, 1, 9, 9, generator=torch.Generator().manual_seed(1))


def truth(net, images, layer):
    with torch.no_grad(), captured(net, [layer]) as seen:
        net(images)
    values = seen[layer].double().flatten(1)
    values = values - values.mean(0)
    return (values @ values.T).numpy()


def test_each_layer_s_matrix_is_that_of_its_centred_activations(net, images):
    rows = np.array([[3, 0, 5, 1, 7], [2, 14, 9, 8, 4]])
    found = grams(net, images, net.layers, rows)
    assert (found.shape, found.dtype) == ((3, 2, 5, 5), np.float64)
    for place, layer in enumerate(net.layers):
        for batch, some in enumerate(rows):
            assert found[place, batch] == pytest.approx(truth(net, images[some], layer), abs=1e-5)


@pytest.mark.parametrize("offset", [0, 1, 5, 100])
def test_the_error_is_that_of_float32_products_at_most(offset):
    """Against float64 on more features than one block holds, off zero by so many σ."""
    stream = torch.Generator().manual_seed(2)
    values = torch.randn(16, 2 * CACHED // 16 + 77, generator=stream) + offset
    exact = values.double() - values.double().mean(0)
    exact = exact @ exact.T
    assert (gram(values) - exact).abs().max() / exact.diagonal().max() < 1e-6


@pytest.mark.parametrize("outlier", [1, 1000])
def test_one_image_that_is_far_from_all_others_costs_these_nothing(outlier):
    stream = torch.Generator().manual_seed(3)
    values = torch.randn(16, 20000, generator=stream)
    values[3] *= outlier
    exact = values.double() - values.double().mean(0)
    exact, found = exact @ exact.T, gram(values)
    size = exact.diagonal().sqrt()
    assert ((found - exact).abs() / (size[:, None] * size)).max() < 1e-6


@pytest.mark.parametrize("value", [0.0, 3.7, 1e6])
def test_features_that_do_not_vary_have_a_matrix_of_rounding(value):
    found = gram(torch.full((8, 5000), value))
    assert found.abs().max() <= 1e-12 * max(1, 5000 * value**2)


def test_channels_last_and_in_place_activations_change_nothing(net, images):
    rows = np.arange(N).reshape(2, 6)
    expected = grams(net, images, net.layers, rows)
    inplace = Net(inplace=True)
    inplace.load_state_dict(net.state_dict())
    assert np.array_equal(grams(inplace, images, net.layers, rows), expected)
    other = copy.deepcopy(net).to(memory_format=torch.channels_last)
    found = grams(other, images.contiguous(memory_format=torch.channels_last), net.layers, rows)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_no_activation_is_kept_and_no_hook_stays(net, images):
    kept: list[weakref.ref[torch.Tensor]] = []
    with hooked(net, ["first"], lambda name, output: kept.append(weakref.ref(output))):
        grams(net.train(), images, net.layers, np.arange(N).reshape(2, 6))
    assert [one() for one in kept] == [None, None]
    assert not net.training
    assert not any(module._forward_hooks for module in net.modules())


def test_one_network_on_two_sets_gives_two_answers(net, images):
    """torch-cka silently compares the second set with itself here."""
    rows, other = np.arange(8)[None], images.roll(1, dims=0) * 3
    first, second = grams(net, images, net.layers, rows), grams(net, other, net.layers, rows)
    assert first[0, 0] == pytest.approx(truth(net, images[:8], "first"), abs=1e-5)
    assert second[0, 0] == pytest.approx(truth(net, other[:8], "first"), rel=1e-5, abs=1e-4)
    assert not np.allclose(first, second)


def test_pooled_features_are_the_means_of_maps():
    maps = torch.arange(2 * 3 * 4, dtype=torch.float32).reshape(2, 3, 2, 2)
    assert torch.equal(features(maps, pooled=True), maps.mean(dim=(2, 3)))
    assert torch.equal(features(maps[:, :, 0, 0], pooled=True), maps[:, :, 0, 0])
    assert sorted(features(maps, pooled=False)[0].tolist()) == maps[0].flatten().tolist()


def test_a_layer_that_runs_twice_is_refused(images):
    net = Net()
    net.late = net.act
    with pytest.raises(ValueError, match="layer 'act' runs more than once in a pass"):
        grams(net, images, ["act"], np.arange(4)[None])


def test_layers_are_named_by_name_by_class_or_by_the_architecture(net):
    assert layers_of(net, ["*"]) == net.layers
    assert layers_of(net, ["Conv2d", "head"]) == net.layers
    assert layers_of(net, ["head", "ReLU", "first"]) == ("head", "act", "late", "first")
    assert layers_of(nn.Linear(2, 2), ["*"]) == layers_of(net, []) == ()


@pytest.mark.parametrize(("word", "told"), [("fist", "did you mean 'first'"), ("Conv3d", "did you mean 'Conv2d'")])
def test_a_layer_that_does_not_exist_is_told_with_the_nearest(net, word, told):
    with pytest.raises(PluginError, match=f"^the network has no layer '{word}'; {told}.*$"):
        layers_of(net, [word])


def test_rows_come_from_ids_alone_so_domains_share_their_batches():
    ids = np.array([f"sim {k // 15}/map {k % 15}" for k in range(150)])
    order = np.random.default_rng(0).permutation(150)
    rows, other = cka_rows(ids, 128, 64), cka_rows(ids[order], 128, 64)
    assert np.array_equal(ids[rows], ids[order][other])
    assert [len({name.split("/")[0] for name in ids[some]}) for some in rows] == [10, 10]
    assert len(np.unique(rows)) == 128


def test_each_pass_shuffles_the_same_images_anew():
    ids = np.array([f"g{k}" for k in range(50)])
    rows = cka_rows(ids, 40, 10, passes=3)
    assert rows.shape == (12, 10)
    passes = rows.reshape(3, 40)
    assert all(np.array_equal(np.sort(one), np.sort(passes[0])) for one in passes)
    assert len({tuple(sorted(batch)) for batch in rows}) == 12


@pytest.mark.parametrize(
    ("total", "wanted", "shape"), [(10, 0, (0, 0)), (3, 9, (0, 0)), (5, 9, (1, 5)), (9, 7, (1, 7))]
)
def test_whole_batches_of_four_or_more_only(total, wanted, shape):
    assert cka_rows(np.arange(total).astype(str), wanted, 8).shape == shape


def test_a_suite_says_what_cka_sees(net, images):
    ids = np.arange(len(images)).astype(str)
    rules = Predict(cka_images=12, cka_batch=4, cka_layers=("ReLU", "head"), cka_passes=2).model_dump()
    seen, layers = seen_by_cka(net, images, ids, rules)
    assert layers == ("act", "late", "head")
    assert (seen["grams"].shape, seen["gram_rows"].shape) == ((3, 6, 4, 4), (6, 4))
    assert seen_by_cka(net, images, ids, {**rules, "cka_images": 0}) == ({}, layers)


@pytest.mark.parametrize(
    ("predict", "told"),
    [
        ({"cka_batch": 3}, "predict.cka_batch = 3: input should be greater than or equal to 4"),
        ({"cka_images": 2}, "predict.cka_images = 2: debiased CKA needs 4 images or more, or 0 to leave it out"),
        ({"cka_pool": "max"}, 'predict.cka_pool = "max": is not allowed'),
        ({"cka_layers": []}, "predict.cka_layers = .*at least 1 item"),
    ],
)
def test_what_cka_cannot_do_is_refused_before_anything_runs(predict, told):
    axes = {"dataset": ["d"], "domain": ["a"], "architecture": ["n"], "method": ["m"]}
    body = {"name": "s", "version": 1, "title": "t", "axes": axes, "predict": predict}
    with pytest.raises(SuiteError, match=told):
        check_suite(body, "s.toml")


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_features_are_read_as_they_lie_without_a_copy(layout):
    maps = torch.randn(4, 3, 5, 6).contiguous(memory_format=layout)
    read = features(maps, pooled=False)
    assert read.data_ptr() == maps.data_ptr()
    torch.testing.assert_close(gram(read), gram(maps.flatten(1)), rtol=1e-5, atol=1e-5)
