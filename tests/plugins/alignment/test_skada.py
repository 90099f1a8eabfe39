"""skada's losses under our loop: what they are, and that its faults do not come along."""

from __future__ import annotations

import pytest
import torch
from astrobench import Moment, Step, SuiteError
from astrobench_alignment.adversary import domain_loss
from astrobench_alignment.coral import covariance_distance
from astrobench_alignment.mcc import confusion
from astrobench_alignment.skada import NAMES, skada

MOMENT = Moment(0, 0.5)


@pytest.fixture
def halves() -> tuple[Step, Step]:
    stream = torch.Generator().manual_seed(0)
    latents = [torch.randn(6, 4, generator=stream).requires_grad_() for _ in range(2)]
    logits = [torch.randn(6, 3, generator=stream).requires_grad_() for _ in range(2)]
    return Step(latents[0], logits[0], torch.arange(6) % 3), Step(latents[1] + 0.5, logits[1])


def test_without_skada_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str, *rest: object) -> object:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("astrobench_alignment.skada.import_module", absent)
    with pytest.raises(
        SuiteError, match=r"needs skada \(No module named 'skada.deep'\): pip install 'astrobench\[skada\]'"
    ):
        skada(4, 3)


class TestInstalled:
    """Skipped where skada is not installed."""

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("skada.deep", exc_type=ImportError)

    @pytest.mark.parametrize("loss", NAMES)
    def test_gradients_reach_the_encoder(self, halves: tuple[Step, Step], loss: str) -> None:
        torch.manual_seed(0)
        skada(4, 3, loss=loss).terms(*halves, MOMENT)["skada"].backward()
        reached = [value.grad for value in (halves[0].latent, halves[1].logits) if value.grad is not None]
        assert reached
        assert any(bool(grad.abs().sum() > 0) for grad in reached)
        assert all(bool(grad.isfinite().all()) for grad in reached)

    @pytest.mark.parametrize("loss", ["dann", "cdan"])
    def test_its_own_domain_classifier_is_constant_and_ours_is_not(self, loss: str) -> None:
        from skada.deep.modules import DomainClassifier

        theirs = DomainClassifier(4)
        with pytest.warns(UserWarning, match="softmax"):
            assert theirs(torch.randn(6, 4)).tolist() == [1.0] * 6
        domains = skada(4, 3, loss=loss).discriminator(torch.randn(6, 4 if loss == "dann" else 12))
        assert float(domains.detach().std()) > 0

    def test_the_discriminator_is_paid_as_ours_summed_over_both_domains(self, halves: tuple[Step, Step]) -> None:
        torch.manual_seed(0)
        method = skada(4, 3, loss="dann")
        logits = [method.discriminator(step.latent) for step in halves]
        ours = 2 * domain_loss(-logits[0], -logits[1])  # skada calls the target 1
        assert method.terms(*halves, MOMENT)["skada"].item() == pytest.approx(ours.item(), rel=1e-6)

    def test_deep_coral_and_mcc_are_ours(self, halves: tuple[Step, Step]) -> None:
        source, target = halves
        found = {
            loss: skada(4, 3, loss=loss, weight=2.0).terms(source, target, MOMENT)["skada"].item()
            for loss in ("deep_coral", "mcc")
        }
        assert found["deep_coral"] == pytest.approx(
            2 * covariance_distance(source.latent, target.latent).item(), rel=1e-5
        )
        assert found["mcc"] == pytest.approx(2 * confusion(target.logits).item(), rel=1e-5)

    def test_dan_is_a_laplacian_kernel_and_biased_as_told(self, halves: tuple[Step, Step]) -> None:
        source, target = (step.latent.detach() for step in halves)
        widths = torch.cdist(source, source).median() * torch.tensor([2 ** (-8 + i / 2) for i in range(33)])

        def mean(u: torch.Tensor, v: torch.Tensor) -> float:
            return float(sum(torch.exp(-torch.cdist(u, v) / width).mean() for width in widths))

        expected = mean(source, source) + mean(target, target) - 2 * mean(source, target)
        assert skada(4, 3).terms(*halves, MOMENT)["skada"].item() == pytest.approx(expected, rel=1e-4)

    def test_deep_jdot_is_exact_transport(self, halves: tuple[Step, Step]) -> None:
        from scipy.optimize import linear_sum_assignment

        source, target = halves
        surprise = -target.logits.log_softmax(1)[:, source.labels].T
        cost = (torch.cdist(source.latent, target.latent) ** 2 + surprise).detach().numpy()
        found = skada(4, 3, loss="deep_jdot").terms(source, target, MOMENT)["skada"].item()
        assert found == pytest.approx(cost[linear_sum_assignment(cost)].mean(), rel=1e-5)
