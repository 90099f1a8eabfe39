"""Running centres, the contrast of CAN and the neighbourhoods of DANCE."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from astrobench import Moment, Step
from astrobench_alignment.can import MULTIPLES, can, class_discrepancies, contrast
from astrobench_alignment.centres import RunningCentres
from astrobench_alignment.dance import dance
from astrobench_alignment.mmd import median_rates
from scipy.stats import entropy
from sklearn.metrics.pairwise import rbf_kernel

MOMENT = Moment(0, 0.5)


def members(labels: list[int], classes: int = 2) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(labels), classes).double()


def test_centres_are_directions_that_follow_their_class() -> None:
    running = RunningCentres(3, 2, momentum=0.5)
    running.update(torch.tensor([[2.0, 0.0], [0.0, 5.0]]), torch.tensor([0, 1]))
    running.update(torch.tensor([[0.0, 9.0]]), torch.tensor([0]))
    half = math.sqrt(0.5)
    torch.testing.assert_close(running.centres, torch.tensor([[half, half], [0.0, 1.0], [0.0, 0.0]]))
    torch.testing.assert_close(running.cosines(torch.tensor([[3.0, 0.0]])), torch.tensor([[half, 0.0, 0.0]]))


def test_class_discrepancies_are_scikit_learns_kernels_class_by_class(hs: torch.Tensor, ht: torch.Tensor) -> None:
    labels = [[0, 1, 1, 0], [1, 0, 1, 1, 0]]
    rates = median_rates(torch.cat([hs, ht]), MULTIPLES).tolist()

    def mean(u: torch.Tensor, v: torch.Tensor) -> float:
        return float(np.mean([rbf_kernel(u, v, gamma=rate).mean() for rate in rates]))

    found = class_discrepancies(hs, ht, members(labels[0]), members(labels[1]))
    for a in range(2):
        for b in range(2):
            s, t = hs[torch.tensor(labels[0]) == a], ht[torch.tensor(labels[1]) == b]
            assert found[a, b].item() == pytest.approx(mean(s, s) + mean(t, t) - 2 * mean(s, t), rel=1e-9)


def test_the_contrast_is_within_less_between(hs: torch.Tensor, ht: torch.Tensor) -> None:
    held = members([0, 1, 1, 0]), members([1, 0, 1, 1, 0])
    apart = class_discrepancies(hs, ht, *held)
    expected = apart.diagonal().mean() - (apart[0, 1] + apart[1, 0]) / 2
    assert contrast(hs, ht, *held).item() == pytest.approx(expected.item())


def test_a_class_that_one_batch_lacks_is_left_out(hs: torch.Tensor, ht: torch.Tensor) -> None:
    held = members([0, 1, 1, 0]), members([0, 0, 0, 0, 0])
    apart = class_discrepancies(hs, ht, *held)
    assert contrast(hs, ht, *held).item() == pytest.approx((apart[0, 0] - apart[1, 0]).item())


def test_can_is_nought_where_no_class_is_left(hs: torch.Tensor, ht: torch.Tensor) -> None:
    terms = can(3, 2, least=9).double().terms(Step(hs, hs, torch.tensor([0, 1, 1, 0])), Step(ht, ht), MOMENT)
    assert terms["contrast"].item() == 0


def test_can_leaves_images_far_from_every_cluster_out() -> None:
    source = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    target = torch.tensor([[1.0, 0.05], [0.05, 1.0], [-1.0, -1.0]])
    near, labels = can(2, 2, radius=0.1)._clustered(
        Step(source, source, torch.tensor([0, 0, 1, 1])), Step(target, target)
    )
    assert near.tolist() == [True, True, False]
    assert labels.tolist()[:2] == [0, 1]


def test_dance_looks_for_neighbours_among_classes_memory_and_batch() -> None:
    stream = torch.Generator().manual_seed(0)
    first, second, source = (torch.randn(4, 3, generator=stream, dtype=torch.float64) for _ in range(3))
    method = dance(3, 2, memory=4, temperature=0.5, weight=1.0).double()
    labels, logits = torch.tensor([0, 1, 0, 1]), torch.zeros(4, 2, dtype=torch.float64)
    method.terms(Step(source, logits, labels), Step(first, logits), MOMENT)
    found = method.terms(Step(source, logits, labels), Step(second, logits), MOMENT)["neighbours"]

    def unit(x: np.ndarray) -> np.ndarray:
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    z, memory, centres = unit(second.numpy()), unit(first.numpy()), method.classes.centres.numpy()
    rows = []
    for i in range(4):
        others = np.concatenate([z[i] @ centres.T, z[i] @ memory.T, [z[i] @ z[j] for j in range(4) if j != i]])
        rows.append(entropy(np.exp(others / 0.5)))
    assert found.item() == pytest.approx(np.mean(rows), rel=1e-9)


@pytest.mark.parametrize(
    ("logits", "expected"),
    [([0.0, 0.0], -math.log(2) / 2), ([50.0, 0.0], -math.log(2) / 2), ([2.11, 0.0], 0.0)],  # H(2.11) = 0.343 ≈ ρ
)
def test_dance_separates_sure_from_doubtful_and_leaves_the_middle(logits: list[float], expected: float) -> None:
    target = Step(torch.ones(2, 3), torch.tensor([logits, logits]))
    terms = dance(3, 2, weight=1.0).terms(
        Step(torch.ones(2, 3), torch.zeros(2, 2), torch.tensor([0, 1])), target, MOMENT
    )
    assert terms["separation"].item() == pytest.approx(expected, abs=1e-5)


def test_dance_remembers_the_latest_and_forgets_the_oldest() -> None:
    method = dance(2, 2, memory=3)
    for value in (1.0, 2.0, 3.0, 4.0):
        angle = torch.tensor([[math.cos(value), math.sin(value)]])
        method._remember(angle)
    torch.testing.assert_close(method.memory[:, 0], torch.tensor([4.0, 3.0, 2.0]).cos())
