"""What stages in any precision promise: the network's own logits, recomputed near the pixel as far as that pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from astrobench import Streams
from astrobench_networks.resnet18 import resnet18
from astrobench_perturbations.blocks import highest
from astrobench_perturbations.dense import Dense
from astrobench_perturbations.evaluators import evaluator_for
from astrobench_perturbations.framed import Room
from astrobench_perturbations.graph import stages_of
from astrobench_perturbations.nearness import multiply_adds, stages_near
from astrobench_perturbations.one_pixel import one_pixel
from astrobench_perturbations.patched import Patched
from astrobench_perturbations.ranked import Ranked
from astrobench_perturbations.replaced import replace_pixels
from astrobench_perturbations.rowwise import Rowwise
from astrobench_perturbations.stages import Grid, Term
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.perturbations.nets import Net, Residual, Undecided, networks, settled
from plugins.perturbations.skies import dim, pixels_of, sky
from torch import nn

if TYPE_CHECKING:
    from astrobench_perturbations.evolution import Pixels

SHAPE = (3, 24, 24)


@pytest.fixture(autouse=True)
def _without_gradients() -> object:
    with torch.inference_mode():
        yield


def pixels(shape: tuple[int, int, int], n: int, several: tuple[int, ...] = ()) -> Pixels:
    """Return n random pixels, or several each, the corners and edges of the image first."""
    channels, *size = shape
    stream = np.random.default_rng(0)
    rows, cols = (stream.integers(length, size=(n, *several)) for length in size)
    ends = np.array([[row, col] for row in (0, -1, size[0] // 2) for col in (0, -1, size[1] // 2)][:n]) % size
    if not several:
        rows[: len(ends)], cols[: len(ends)] = ends.T
    return pixels_of(rows, cols, stream.uniform(0, 1, (n, *several, channels)))


def residual(kind: type[Net] = Net, outputs: int = 2) -> Net:
    """Return a small ResNet for images of SHAPE."""
    torch.manual_seed(2)
    stem = [nn.Conv2d(3, 16, 7, 2, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    same = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3, 1, 1))
    down = nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 32, 3, 1, 1))
    blocks = [Residual(same, nn.Identity()), Residual(down, nn.Conv2d(16, 32, 1, 2))]
    trunk = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return settled(kind(trunk, nn.Linear(32, 16), nn.Linear(16, outputs)))


def patched(model: nn.Module, near: int, images: torch.Tensor, dtype: torch.dtype = torch.float32) -> Patched:
    channels, height, width = images.shape[1:]
    found = Patched(stages_of(model, (channels, height, width)), near, Room(len(images), (height, width), dtype))
    found.keep(list(range(len(images))), images)
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 12))
def test_any_network_of_known_layers_has_its_own_logits_wherever_it_is_cut(
    drawn: tuple[Net, tuple[int, int, int]], near: int
) -> None:
    model, shape = drawn
    images, candidates, slots = torch.rand(2, *shape), pixels(shape, 60), torch.arange(60) % 2
    near = min(near, len(stages_of(model, shape).stages) - 1)
    expected = model(replace_pixels(images[slots], candidates)).logits
    found = patched(model, near, images).logits(slots, candidates)
    assert (found - expected).abs().max() <= 1e-4 * max(1.0, float(expected.abs().max()))


@pytest.mark.parametrize("near", [0, 1, 3, 4])
def test_what_a_pixel_changes_is_exact_at_corners_edges_and_inside(near: int) -> None:
    model, image = residual(), torch.rand(1, *SHAPE)
    candidates, slots = pixels(SHAPE, 40), torch.zeros(40, dtype=torch.int64)
    expected = model(replace_pixels(image[slots], candidates)).logits - model(image).logits
    found = patched(model, near, image).logits(slots, candidates) - model(image).logits
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()) + 1e-6)


def test_a_resnet18_agrees_and_is_cut_where_the_pixel_has_spread() -> None:
    torch.manual_seed(0)
    model, shape = resnet18((3, 100, 100), 2).eval(), (3, 100, 100)
    model.head.weight.mul_(1000)  # so that one pixel changes logits by far more than rounding
    image, candidates, slots = torch.rand(1, *shape), pixels(shape, 12), torch.zeros(12, dtype=torch.int64)
    network = stages_of(model, shape)
    assert 3 <= stages_near(network) <= 8
    assert 0.95 < multiply_adds(network) / 441e6 < 1.05
    expected = model(replace_pixels(image[slots], candidates)).logits
    found = patched(model, stages_near(network), image).logits(slots, candidates)
    assert expected.std(0).min() > 1e-3
    assert (found - expected).abs().max() <= 1e-4 * max(1.0, float(expected.abs().max()))


def test_several_pixels_go_through_whole() -> None:
    model, images, slots = residual(), torch.rand(2, *SHAPE), torch.arange(7) % 2
    candidates = pixels(SHAPE, 7, (3,))
    expected = model(replace_pixels(images[slots], candidates)).logits
    torch.testing.assert_close(patched(model, 3, images).logits(slots, candidates), expected, rtol=0, atol=1e-5)


def test_a_network_that_can_be_traced_is_ranked_near_the_pixel_and_any_other_whole() -> None:
    for kind, quick in ((Net, Patched), (Undecided, Dense)):
        found = evaluator_for(residual(kind), 1, torch.rand(2, *SHAPE), "bf16")
        assert isinstance(found, Ranked)
        assert isinstance(found.quick, quick)


def test_a_network_of_many_groups_is_ranked_whole() -> None:
    trunk = [nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, 32, 3, padding=1, groups=32), nn.ReLU()]
    model = settled(
        Net(nn.Sequential(*trunk, nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(32, 4), nn.Linear(4, 2))
    )
    found = Ranked.of(model, 1, torch.rand(2, *SHAPE))
    assert found is not None
    assert isinstance(found.quick, Dense)


def test_ranking_near_the_pixel_flips_the_images_of_a_trained_network_that_float32_flips() -> None:
    model, images, labels = trained()
    rates = {}
    for ranking in ("float32", "bf16"):
        found = one_pixel(sky(images, labels), model, Streams("r"), population=40, generations=10, ranking=ranking)
        assert found.inputs is not None
        chance = model(found.inputs).logits.softmax(1).numpy()
        reached = chance[np.arange(len(found.rows)), found.facts["target"]] > 0.5
        np.testing.assert_array_equal(found.facts["success"], reached)
        rates[ranking] = reached.mean()
        assert set(found.facts["evaluator"].tolist()) == {0 if ranking == "float32" else 2}
    assert 0.2 < rates["float32"] < 0.9
    assert rates["bf16"] >= rates["float32"] - 0.1


@torch.inference_mode(mode=False)
def trained() -> tuple[Net, torch.Tensor, np.ndarray]:
    """Return a network that tells bright squares from dark ones, and squares of which a pixel turns some."""
    labels = np.arange(40) % 2
    images = dim(40, SHAPE)
    images[:, :, 8:16, 8:16] += torch.from_numpy(0.1 * labels - 0.05)[:, None, None, None]
    model, truth = residual(), torch.from_numpy(labels)
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(15):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images).logits, truth).backward()
        optimiser.step()
    with torch.no_grad():
        model.head.weight.mul_(LEAD / model(images).logits.diff(dim=1).std())
        model.head.bias[1] -= model(images).logits.diff(dim=1).median()
    return model.eval(), images, model(images).logits.argmax(1).numpy()


LEAD = 0.5
"""Standard deviation, over images, of the lead in logit of one class."""


@given(st.data())
def test_row_by_row_a_convolution_is_a_convolution(data: st.DataObject) -> None:
    pair = lambda low, high: data.draw(st.tuples(st.integers(low, high), st.integers(low, high)))  # noqa: E731
    size, stride, padding, dilation = pair(1, 4), pair(1, 3), pair(0, 2), pair(1, 2)
    grid, (height, width) = Grid(size, stride, padding, dilation), pair(7, 9)
    weight, maps = torch.randn(5, 2, *size), torch.randn(3, height, width, 2)
    shape = grid.steps(0, height), grid.steps(1, width), 5
    expected = nn.functional.conv2d(maps.permute(0, 3, 1, 2), weight, None, stride, padding, dilation)
    step = Rowwise(Term(0, weight, grid), shape, torch.float32)
    for total in (torch.randn(5), torch.randn(3, *shape)):
        torch.testing.assert_close(step(maps, total), expected.permute(0, 2, 3, 1) + total, rtol=0, atol=1e-4)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(6, 9))
def test_the_highest_of_shifted_maps_is_max_pooling(size: int, stride: int, dilation: int, length: int) -> None:
    maps = torch.randn(2, length, length + 1, 3)
    pool = Grid((size, size), (stride, stride), (0, 0), (dilation, dilation))
    expected = nn.functional.max_pool2d(maps.permute(0, 3, 1, 2), *pool).permute(0, 2, 3, 1)
    assert torch.equal(highest(maps, pool.size, pool.stride, pool.dilation), expected)
