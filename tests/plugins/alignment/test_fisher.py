"""Scatter within and between classes, with the golden values of the original function."""

from __future__ import annotations

import pytest
import torch
from astrobench import Moment, Step
from astrobench_alignment.fisher import class_means, fisher, scatter
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

MOMENT = Moment(0, 0.0)


def golden(hs: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor, **options: object) -> torch.Tensor:
    method = fisher(3, 2, **options).double()
    method.tenth.data = centres / 10
    return method.terms(Step(hs, hs[:, :2], labels), None, MOMENT)["fisher"]


def test_the_traces_have_the_golden_values(
    hs: torch.Tensor, golden_labels: torch.Tensor, golden_centres: torch.Tensor
) -> None:
    found = scatter(hs, golden_labels, golden_centres)
    assert found.within.item() == pytest.approx(8.495931137, abs=1e-9)
    assert found.between.item() == pytest.approx(0.07, abs=1e-12)


@pytest.mark.parametrize(("trace", "expected"), [("ratio", 1.213704448), ("difference", 0.014959311)])
def test_ratio_and_difference_have_the_golden_values(
    hs: torch.Tensor, golden_labels: torch.Tensor, golden_centres: torch.Tensor, trace: str, expected: float
) -> None:
    assert golden(hs, golden_labels, golden_centres, trace=trace).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("trace", ["ratio", "difference"])
def test_weight_scales_the_whole(
    hs: torch.Tensor, golden_labels: torch.Tensor, golden_centres: torch.Tensor, trace: str
) -> None:
    one, three = (golden(hs, golden_labels, golden_centres, trace=trace, weight=weight) for weight in (1.0, 3.0))
    assert three.item() == pytest.approx(3 * one.item())


def test_means_are_scikit_learns_class_means(hs: torch.Tensor, golden_labels: torch.Tensor) -> None:
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.5).fit(hs.numpy(), golden_labels.numpy()).means_
    torch.testing.assert_close(class_means(hs, golden_labels), torch.from_numpy(theirs))


def test_means_are_of_the_classes_that_the_batch_holds(hs: torch.Tensor, golden_labels: torch.Tensor) -> None:
    two, sparse = (
        fisher(3, outputs, centres="means").terms(Step(hs, hs, labels), None, MOMENT)["fisher"]
        for outputs, labels in ((2, golden_labels), (9, 7 * golden_labels))
    )
    assert two.item() == sparse.item()


def test_one_class_alone_gives_a_finite_gradient(hs: torch.Tensor) -> None:
    latent = hs.clone().requires_grad_()
    step = Step(latent, hs, torch.zeros(4, dtype=torch.int64))
    fisher(3, 2, centres="means").terms(step, None, MOMENT)["fisher"].backward()
    assert latent.grad is not None
    assert bool(latent.grad.isfinite().all())


def test_learned_centres_move_ten_times_as_far_as_an_adam_step() -> None:
    torch.manual_seed(0)
    method = fisher(3, 2)
    before = 10 * method.tenth.detach().clone()
    optimiser = torch.optim.Adam(method.parameters(), lr=0.001)
    method.terms(Step(torch.randn(4, 3), torch.randn(4, 2), torch.tensor([0, 1, 1, 0])), None, MOMENT)[
        "fisher"
    ].backward()
    optimiser.step()
    torch.testing.assert_close((10 * method.tenth - before).abs(), torch.full((2, 3), 0.01), rtol=0.01, atol=0)
