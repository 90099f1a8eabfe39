"""What an evaluator promises: the network's own logits, by the fastest way that gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from astrobench import Streams
from astrobench_perturbations.attacked import MICRO
from astrobench_perturbations.blocks import BlockPool, with_blocks
from astrobench_perturbations.cone import Cone
from astrobench_perturbations.dense import Dense
from astrobench_perturbations.evaluators import evaluator_for
from astrobench_perturbations.flock import Flock
from astrobench_perturbations.folding import NotStagedError
from astrobench_perturbations.graph import stages_of
from astrobench_perturbations.one_pixel import one_pixel
from astrobench_perturbations.replaced import replace_pixels
from hypothesis import given
from hypothesis import strategies as st
from plugins.perturbations.nets import Net, Residual, Undecided, conv_net, settled
from plugins.perturbations.skies import dim, pixels_of, sky
from torch import nn

if TYPE_CHECKING:
    from astrobench_perturbations.evolution import Pixels

SHAPE = (3, 20, 20)


@pytest.fixture(autouse=True)
def _without_gradients() -> object:
    with torch.inference_mode():
        yield


def pixels(n: int) -> Pixels:
    stream = np.random.default_rng(0)
    rows, cols = stream.integers(20, size=(2, n))
    return pixels_of(rows, cols, stream.uniform(0, 1, (n, 3)))


def plain(trunk: list[nn.Module], numbers: int) -> Net:
    return settled(Net(nn.Sequential(*trunk), nn.Linear(numbers, 8), nn.Linear(8, 3)))


@pytest.mark.parametrize("kind", [Net, Undecided])
@pytest.mark.parametrize("n", [1, 31, 32, 70])
def test_dense_gives_the_logits_of_the_network(kind: type[Net], n: int) -> None:
    source = conv_net(side=20)
    model = kind(source.trunk, source.bottleneck, source.head).eval()
    images, slots, candidates = torch.rand(2, *SHAPE), torch.arange(n) % 2, pixels(n)
    dense = Dense(model, 2, images)
    dense.place([1, 0], images)
    expected = model(replace_pixels(images[1 - slots], candidates)).logits
    torch.testing.assert_close(dense.logits(slots, candidates), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("n", [1, 5, 31, 32, 33, 70])
def test_forward_passes_hold_candidates_of_one_image_and_are_of_one_size(n: int) -> None:
    """The last bit of a logit depends on how many images a pass holds, and on the place among them."""
    images, widths = torch.rand(3, *SHAPE), list[tuple[int, int]]()
    dense, slots = Dense(conv_net(side=20), 3, images), torch.tensor([2, 0, 1]).repeat_interleave(n)
    dense.place([0, 1, 2], images)
    network = dense.network

    def watched(changed: torch.Tensor) -> object:
        (image,) = {int((one != images).flatten(1).sum(1).argmin()) for one in changed}
        widths.append((image, len(changed)))
        return network(changed)

    dense.network = watched  # type: ignore[assignment]
    dense.logits(slots, pixels(3 * n))
    parts = -(-n // MICRO)
    assert widths == [(image, -(-n // parts)) for image in (2, 0, 1) for _ in range(parts)]


def test_dense_folds_batch_norms_and_leaves_the_network_alone() -> None:
    model = conv_net(side=20)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    dense = Dense(model, 1, torch.rand(2, *SHAPE))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in dense.network.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.weight.is_contiguous() for module in model.modules() if isinstance(module, nn.Conv2d))


def test_the_cone_serves_the_network_of_deepadversaries() -> None:
    assert isinstance(evaluator_for(conv_net(), 1, torch.rand(1, 3, 100, 100)), Cone)


def test_a_small_image_is_cheaper_whole() -> None:
    assert isinstance(evaluator_for(conv_net(side=20), 1, torch.rand(1, *SHAPE)), Dense)


def test_a_deep_network_whose_cone_fills_the_map_is_cheaper_whole() -> None:
    blocks = [
        Residual(nn.Sequential(nn.Conv2d(32, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 32, 3, 1, 1)), nn.Identity())
        for _ in range(5)
    ]
    trunk = [nn.Conv2d(3, 32, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(2), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    model = plain(trunk, 32)
    assert stages_of(model, (3, 64, 64)).stages
    assert isinstance(evaluator_for(model, 1, torch.rand(1, 3, 64, 64)), Dense)


def test_a_network_that_cannot_be_traced_is_served_whole() -> None:
    source = conv_net()
    model = Undecided(source.trunk, source.bottleneck, source.head).eval()
    assert isinstance(evaluator_for(model, 1, torch.rand(1, 3, 100, 100)), Dense)


def test_a_cone_that_disagrees_with_the_network_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cone, "logits", lambda self, slots, pixels: torch.zeros(len(slots), 3))
    assert isinstance(evaluator_for(conv_net(), 1, torch.rand(1, 3, 100, 100)), Dense)


@pytest.mark.parametrize(
    ("trunk", "why"),
    [
        ([nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.Flatten()], "GroupNorm is not known"),
        ([nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), nn.Flatten()], "padding mode reflect"),
        ([nn.MaxPool2d(3, ceil_mode=True), nn.Flatten()], "a max-pool in ceil mode or with indices"),
        ([nn.AvgPool2d(3, padding=1, count_include_pad=False), nn.Flatten()], "an average whose divisor differs"),
        ([nn.BatchNorm2d(3, track_running_stats=False), nn.Flatten()], "without running statistics"),
        ([nn.Flatten(), nn.ReLU()], "between the map and the first linear layer"),
        ([nn.Linear(20, 20), nn.Flatten()], "a linear layer on a map"),
    ],
)
def test_what_a_cone_cannot_follow_is_named(trunk: list[nn.Module], why: str) -> None:
    with pytest.raises(NotStagedError, match=why):
        stages_of(plain(trunk, 1200), SHAPE)


def test_a_layer_in_training_is_not_followed() -> None:
    with pytest.raises(NotStagedError, match="Conv2d in training mode"):
        stages_of(conv_net(side=20).train(), SHAPE)


def test_the_attack_says_how_it_evaluated() -> None:
    small = one_pixel(sky(dim(2, SHAPE)), conv_net(side=20), Streams("x"), population=4, generations=1)
    large = one_pixel(sky(dim(2, (3, 100, 100))), conv_net(), Streams("x"), population=4, generations=1)
    assert small.facts["evaluator"].tolist() == [0, 0]
    assert large.facts["evaluator"].tolist() == [1, 1]


def test_the_attack_finds_the_same_through_the_cone_and_through_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    model, batch = conv_net(), sky(dim(3, (3, 100, 100)))
    model.head.weight.mul_(100)
    size, leads, met = {"population": 8, "generations": 2}, list[torch.Tensor](), Flock.met

    def measured(flock: Flock, candidates: torch.Tensor, fitness: torch.Tensor) -> Flock:
        after = met(flock, candidates, fitness)
        best, second = after.fitness.topk(2, dim=1).values.unbind(1)
        leads.extend(lead.log().abs() for lead in (fitness / flock.fitness, best / second))
        return after

    monkeypatch.setattr(Flock, "met", measured)
    cone = one_pixel(batch, model, Streams("e"), **size).facts
    assert min(float(lead.min()) for lead in leads) > 2e-5, "a near tie, which rounding decides: draw another stream"
    dense = "astrobench_perturbations.by_search.evaluator_for"
    monkeypatch.setattr(dense, lambda model, slots, sample, ranking: Dense(model, slots, sample))
    whole = one_pixel(batch, model, Streams("e"), **size).facts
    assert cone["evaluator"].tolist() != whole["evaluator"].tolist()
    for name in set(cone) - {"evaluator"}:
        np.testing.assert_array_equal(cone[name], whole[name])


@given(st.integers(1, 3), st.integers(1, 3), st.integers(3, 9), st.integers(3, 9))
def test_pooling_in_blocks_is_max_pooling(rows: int, cols: int, height: int, width: int) -> None:
    maps = torch.randn(2, 3, height, width)
    expected = nn.functional.max_pool2d(maps, (rows, cols))
    assert torch.equal(BlockPool(rows, cols)(maps), expected)


def test_only_pools_over_blocks_are_replaced() -> None:
    pools = [nn.MaxPool2d(2), nn.MaxPool2d(3, 2), nn.MaxPool2d(2, padding=1), nn.MaxPool2d(2, ceil_mode=True)]
    found = with_blocks(nn.Sequential(*pools, nn.Sequential(nn.MaxPool2d((2, 3)))))
    kinds = [type(module) for module in found.modules() if not isinstance(module, nn.Sequential)]
    assert kinds == [BlockPool, nn.MaxPool2d, nn.MaxPool2d, nn.MaxPool2d, BlockPool]
