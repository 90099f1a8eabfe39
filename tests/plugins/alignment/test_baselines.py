"""Baselines that adapt to nothing: augmentation and adversarial training; and batch norm's own adaptation."""

from __future__ import annotations

import pytest
import torch
from astrobench import Output, SuiteError
from astrobench_alignment.adabn import adabn
from astrobench_alignment.adversarial_training import adversarial_training, worst_near
from astrobench_alignment.augment import augment, noisier, turned
from plugins.alignment.toy import accuracy, trained, units
from torch import nn

LABELS = torch.zeros(8, dtype=torch.int64)


class Linear(nn.Module):
    """Logits (−w·x, w·x): the cross-entropy of class 0 rises along w, so its worst point is a corner of the box."""

    def __init__(self, w: torch.Tensor) -> None:
        super().__init__()
        self.w, self.norm = nn.Parameter(w), nn.BatchNorm2d(1)

    def forward(self, images: torch.Tensor) -> Output:
        self.norm(images)
        along = (images * self.w).sum(dim=(1, 2, 3))
        return Output(images.flatten(1), torch.stack([-along, along], dim=1))


def images(n: int = 8, side: int = 3) -> torch.Tensor:
    return torch.randn(n, 1, side, side, generator=torch.Generator().manual_seed(0))


def test_turns_and_mirrors_are_the_eight_symmetries_of_the_square() -> None:
    torch.manual_seed(0)
    image = torch.arange(9.0).view(1, 1, 3, 3)
    seen = turned(image.repeat(400, 1, 1, 1), flips=True, rotations=True)
    symmetries = {tuple(one.flatten().tolist()) for turn in range(4) for one in _mirrored(image.rot90(turn, (2, 3)))}
    assert {tuple(one.flatten().tolist()) for one in seen} == symmetries


@pytest.mark.parametrize(("flips", "rotations", "count"), [(True, False, 2), (False, True, 2), (True, True, 4)])
def test_images_that_are_not_square_keep_their_shape(flips: bool, rotations: bool, count: int) -> None:
    torch.manual_seed(0)
    seen = turned(torch.arange(6.0).view(1, 1, 2, 3).repeat(200, 1, 1, 1), flips=flips, rotations=rotations)
    assert seen.shape == (200, 1, 2, 3)
    assert len({tuple(one.flatten().tolist()) for one in seen}) == count


def test_noise_is_drawn_up_to_its_share_of_each_bands_own_spread() -> None:
    torch.manual_seed(0)
    flat = torch.randn(300, 2, 20, 20) * torch.tensor([1.0, 100.0])[:, None, None]
    added = (noisier(flat, 0.5) - flat).std(dim=(2, 3))  # (300, 2)
    strengths = added / flat.std(dim=(0, 2, 3))
    assert float(strengths.max()) < 0.5 * 1.1  # 400 pixels tell a standard deviation to 4 %
    assert strengths.mean(0).tolist() == pytest.approx([0.25, 0.25], abs=0.03)  # uniform: 0.25 ± 0.144/√300
    torch.testing.assert_close(strengths[:, 0], strengths[:, 1], rtol=0.3, atol=0.03)  # one draw for all bands


@pytest.mark.parametrize("build", [augment, adversarial_training])
def test_the_weight_is_the_share_of_the_batch_that_changes(build: object) -> None:
    torch.manual_seed(0)
    method = build(4, 2, weight=0.5)  # type: ignore[operator]
    seen = method.shown(images(), LABELS, Linear(torch.ones(1, 3, 3)))
    moved = (seen != images()).flatten(1).any(dim=1)
    assert moved.tolist() == [True] * 4 + [False] * 4


@pytest.mark.parametrize("build", [augment, adversarial_training])
def test_at_weight_0_nothing_is_drawn_and_nothing_changes(build: object) -> None:
    given, before = images(), torch.get_rng_state()
    assert build(4, 2, weight=0.0).shown(given, LABELS, Linear(torch.ones(1, 3, 3))) is given  # type: ignore[operator]
    assert torch.equal(torch.get_rng_state(), before)


def test_the_attack_ends_in_the_worst_corner_of_the_box_of_a_linear_network() -> None:
    torch.manual_seed(0)
    w = torch.tensor([[1.0, -2.0, 0.5], [0.1, -0.1, 3.0], [-1.0, 1.0, -1.0]])[None]
    found = worst_near(Linear(w), images(), LABELS, epsilon=0.1, steps=5)
    corner = (images() + 0.1 * w.sign()).clamp(float(images().min()), float(images().max()))
    torch.testing.assert_close(found, corner)


def test_the_attack_leaves_gradients_and_batch_norm_as_they_were() -> None:
    network = Linear(torch.ones(1, 3, 3)).train()
    adversarial_training(4, 2).shown(images(), LABELS, network)
    assert network.w.grad is None
    assert not network.norm.running_mean.any()
    assert network.norm.num_batches_tracked == 0
    assert network.norm.track_running_stats


def test_the_attack_works_where_gradients_are_off() -> None:
    with torch.no_grad():
        seen = adversarial_training(4, 2, epsilon=0.1).shown(images(), LABELS, Linear(torch.ones(1, 3, 3)))
    assert not seen.requires_grad
    assert float((seen - images()).abs().max()) == pytest.approx(0.1, rel=1e-5)


def test_other_units_are_undone_by_the_targets_statistics() -> None:
    plain, _ = trained("source_only", seed=0, draw=units, batchnorm=True)
    adapted, _ = trained("adabn", seed=0, draw=units, batchnorm=True)
    on_source = accuracy(plain, units, target=False)
    assert accuracy(adapted, units, target=True) == pytest.approx(on_source, abs=0.02)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), adapted.parameters(), strict=True))


@pytest.mark.parametrize(
    ("build", "wrong", "told"),
    [
        (adabn, {"weight": 1.5}, r"weight of adabn must be between 0 and 1, not 1\.5"),
        (augment, {"weight": -1.0}, r"weight of augment must be between 0 and 1, not -1\.0"),
        (augment, {"noise": -0.1}, r"noise of augment must be 0 or more, not -0\.1"),
        (adversarial_training, {"weight": 2.0}, r"weight of adversarial_training must be between 0 and 1, not 2\.0"),
        (adversarial_training, {"epsilon": 0.0}, r"epsilon above 0 and at least 1 of steps, not 0\.0 and 5"),
        (adversarial_training, {"steps": 0}, r"epsilon above 0 and at least 1 of steps, not 0\.01 and 0"),
    ],
)
def test_what_cannot_be_is_refused(build: object, wrong: dict[str, float], told: str) -> None:
    with pytest.raises(SuiteError, match=told):
        build(4, 2, **wrong)  # type: ignore[operator]


def _mirrored(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return image, image.flip(3)
