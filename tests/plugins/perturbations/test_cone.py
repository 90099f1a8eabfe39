"""What the cone promises: the logits of the whole network, from the part that a pixel changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from astrobench_perturbations.cone import Cone
from astrobench_perturbations.graph import stages_of
from astrobench_perturbations.replaced import replace_pixels
from hypothesis import HealthCheck, given, settings
from plugins.perturbations.nets import Net, conv_net, networks
from plugins.perturbations.skies import pixels_of
from torch import nn

if TYPE_CHECKING:
    from astrobench_perturbations.evolution import Pixels

TOLERANCE = 1e-4


@pytest.fixture(autouse=True)
def _without_gradients() -> object:
    with torch.inference_mode():
        yield


def everywhere(shape: tuple[int, int, int], times: int = 1, seed: int = 0) -> Pixels:
    """Return random values for every pixel of an image of `shape` (C, H, W)."""
    channels, height, width = shape
    rows, cols = (index.ravel().repeat(times) for index in np.mgrid[:height, :width])
    return pixels_of(rows, cols, np.random.default_rng(seed).uniform(0, 1, (len(rows), channels)))


def somewhere(shape: tuple[int, int, int], n: int, seed: int = 0) -> Pixels:
    """Return n random pixels, a third of them within three of an edge, with the corners."""
    channels, height, width = shape
    stream = np.random.default_rng(seed)
    rows, cols = (stream.integers(size, size=n) for size in (height, width))
    near = stream.integers(-3, 3, size=n // 3)
    rows[: len(near)], cols[-len(near) :] = near % height, near % width
    rows[:4], cols[:4] = [0, 0, height - 1, height - 1], [0, width - 1, 0, width - 1]
    return pixels_of(rows, cols, stream.uniform(0, 1, (n, channels)))


def whole(model: nn.Module, image: torch.Tensor, pixels: Pixels) -> torch.Tensor:
    """Return the logits of the network itself for candidates of one image (C, H, W)."""
    return model(replace_pixels(image.repeat(len(pixels.rows), 1, 1, 1), pixels)).logits


def assert_equal(found: torch.Tensor, expected: torch.Tensor) -> None:
    """Within rounding of the logits, and of what a pixel changes, which may be far smaller than a logit."""
    change = float((expected - expected.median(0).values).abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * change + 2e-6 * max(1, float(expected.abs().max())))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_any_network_of_known_layers_has_the_logits_of_the_whole_at_every_pixel(
    drawn: tuple[Net, tuple[int, int, int]],
) -> None:
    model, shape = drawn
    image, pixels = torch.rand(shape), everywhere(shape)
    cone = Cone(stages_of(model, shape), 2, shape)
    cone.place([1], image[None])
    assert_equal(cone.logits(torch.ones_like(pixels.rows), pixels), whole(model, image, pixels))


def test_a_network_that_only_reads_its_pixels_out_has_a_stage_that_takes_them_as_they_are() -> None:
    model, shape = Net(nn.Flatten(), nn.Linear(2 * 5 * 5, 4), nn.Linear(4, 3)).eval(), (2, 5, 5)
    image, pixels = torch.rand(shape), everywhere(shape)
    cone = Cone(stages_of(model, shape), 1, shape)
    cone.place([0], image[None])
    assert_equal(cone.logits(torch.zeros_like(pixels.rows), pixels), whole(model, image, pixels))


def test_the_network_of_deepadversaries_agrees_inside_at_edges_and_corners() -> None:
    torch.manual_seed(1)
    model, shape = conv_net(), (3, 100, 100)
    model.head.weight.mul_(100)  # so that one pixel changes logits by far more than the tolerance
    image, pixels = 0.4 + 0.4 * torch.rand(shape), somewhere(shape, 120)
    cone = Cone(stages_of(model, shape), 1, shape)
    cone.place([0], image[None])
    found, expected = cone.logits(torch.zeros(120, dtype=torch.int64), pixels), whole(model, image, pixels)
    assert (found - expected).abs().max() <= TOLERANCE
    assert expected.std(0).min() > 10 * TOLERANCE


def test_an_image_size_that_pools_leave_a_rest_of_agrees() -> None:
    model = conv_net(side=43)
    shape = (3, 43, 43)
    image, pixels = torch.rand(shape), somewhere(shape, 200)
    cone = Cone(stages_of(model, shape), 1, shape)
    cone.place([0], image[None])
    assert_equal(cone.logits(torch.zeros(200, dtype=torch.int64), pixels), whole(model, image, pixels))


def test_each_candidate_is_one_of_its_own_image() -> None:
    model, shape = conv_net(side=20), (3, 20, 20)
    images, pixels = torch.rand(3, *shape), somewhere(shape, 60)
    cone = Cone(stages_of(model, shape), 3, shape)
    cone.place([2, 0, 1], images)
    slots = torch.from_numpy(np.random.default_rng(0).integers(3, size=60))
    found = cone.logits(slots, pixels)
    for slot, image in zip((2, 0, 1), images, strict=True):
        mine = slots == slot
        assert_equal(found[mine], whole(model, image, pixels.part(mine)))


def test_a_slot_forgets_the_image_before() -> None:
    model, shape = conv_net(side=20), (3, 20, 20)
    images, pixels, slots = torch.rand(2, *shape), somewhere(shape, 30), torch.zeros(30, dtype=torch.int64)
    cone = Cone(stages_of(model, shape), 1, shape)
    for image in images:
        cone.place([0], image[None])
        found = cone.logits(slots, pixels)
    assert_equal(found, whole(model, images[1], pixels))


def test_more_candidates_than_go_together_are_all_answered() -> None:
    model, shape = conv_net(side=20), (3, 20, 20)
    image, pixels = torch.rand(shape), everywhere(shape, times=4)
    cone = Cone(stages_of(model, shape), 1, shape)
    cone.place([0], image[None])
    assert_equal(cone.logits(torch.zeros(1600, dtype=torch.int64), pixels), whole(model, image, pixels))


def test_a_pixel_that_stays_the_same_changes_nothing() -> None:
    model, shape = conv_net(side=20), (3, 20, 20)
    image, pixels = torch.rand(shape), everywhere(shape)
    same = pixels._replace(values=image[:, pixels.rows, pixels.cols].T.contiguous())
    cone = Cone(stages_of(model, shape), 1, shape)
    cone.place([0], image[None])
    found = cone.logits(torch.zeros(400, dtype=torch.int64), same)
    assert torch.equal(found, found[:1].expand_as(found))


def test_the_network_is_left_as_it_was() -> None:
    model, shape = conv_net(side=20), (3, 20, 20)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    Cone(stages_of(model, shape), 1, shape).place([0], torch.rand(1, *shape))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
