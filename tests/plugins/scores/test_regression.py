"""Scores of a regression: against scikit-learn and closed forms, with simulations, not maps, as what is drawn."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from astrobench import Prediction, SuiteError
from astrobench_scores.regression import regression
from sklearn.metrics import r2_score, root_mean_squared_error

NAMES, RANGES = ("Omega_m", "sigma_8"), ((0.1, 0.5), (0.6, 1.0))


def made(truth: np.ndarray, means: np.ndarray, widths: np.ndarray | float = 0.1, **over: object) -> Prediction:
    n = len(truth)
    logits = np.concatenate([means, np.broadcast_to(widths, means.shape)], axis=1).astype(np.float32)
    told = {"ids": np.array([f"s{k // 3:02}/{k % 3}" for k in range(n)]), "latent": np.zeros((n, 2), np.float32)}
    known = {"logits": logits, "labels": truth.astype(np.float32), "classes": NAMES, "task": "regression"}
    return Prediction(**{**told, **known, "ranges": RANGES, **over})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.default_rng(0)
    truth = np.array([0.3, 0.8]) + 0.2 * stream.uniform(-1, 1, (60, 2))
    return truth.astype(np.float32), (truth + 0.05 * stream.normal(size=(60, 2))).astype(np.float32)


def test_r2_and_rmse_are_those_of_scikit_learn(drawn):
    truth, means = drawn
    scores = regression(*[made(truth, means)] * 2)
    for column, name in enumerate(NAMES):
        assert scores[f"r2_{name.lower()}"].value == pytest.approx(
            r2_score(truth[:, column], means[:, column]), rel=1e-6
        )
        wanted = root_mean_squared_error(truth[:, column], means[:, column])
        assert scores[f"rmse_{name.lower()}"].value == pytest.approx(wanted, rel=1e-6)


def test_each_measure_is_its_formula(drawn):
    truth, means = (part.astype(np.float64) for part in drawn)
    scores = regression(*[made(*drawn, widths=0.02)] * 2)
    missed = (means - truth)[:, 1]
    wanted = {
        "bias": missed.mean(), "rel": np.sqrt(np.mean((missed / truth[:, 1]) ** 2)), "width": 0.02,
        "chi2": np.mean((missed / 0.02) ** 2), "z": np.median(np.abs(missed) / 0.02),
    }  # fmt: skip
    assert {name: scores[f"{name}_sigma_8"].value for name in wanted} == pytest.approx(wanted, rel=1e-4)
    assert [scores[f"{name}_sigma_8"].better for name in ("r2", "rmse", "rel", "bias", "chi2")] == [
        "higher", "lower", "lower", None, None
    ]  # fmt: skip


def test_a_width_of_nothing_is_floored_at_a_thousandth_of_the_range(drawn):
    truth, means = drawn
    nothing, least = (regression(*[made(truth, means, widths)] * 2) for widths in (0.0, 0.4e-3))
    assert math.isfinite(nothing["chi2_omega_m"].value)
    assert nothing["chi2_omega_m"].value == pytest.approx(least["chi2_omega_m"].value, rel=1e-4)


@pytest.mark.parametrize(("offset", "told"), [(0.0, "robust"), (0.07, "partial"), (0.3, "failed")])
def test_what_a_domain_costs_is_judged_as_the_paper_does(drawn, offset, told):
    truth, means = drawn
    clean, other = made(truth, means), made(truth, means + np.array([offset, 0], np.float32))
    scores = regression(clean, other)
    lost = regression(clean, clean)["r2_omega_m"].value - scores["r2_omega_m"].value
    assert scores["r2_drop_omega_m"].value == pytest.approx(lost)
    assert (scores["r2_drop_omega_m"].note, scores["r2_drop_sigma_8"].value) == (told, 0)
    assert scores["r2_drop_sigma_8"].se == 0, "the same simulations are drawn in both domains"
    assert not any(name.startswith("r2_drop") for name in regression(clean, clean))


def test_maps_of_one_simulation_are_drawn_together(drawn):
    """Maps that repeat one another add nothing: threefold copies have the interval of one map a simulation."""
    truth, means = (part[:20] for part in drawn)
    ids = np.array([f"s{k:02}" for k in range(20)])
    single = made(truth, means, ids=ids)
    thrice = np.repeat(np.arange(20), 3)
    copies = made(truth[thrice], means[thrice], ids=np.array([f"{ids[k]}/{n}" for n, k in enumerate(thrice)]))
    together = replace(copies, objects=ids[thrice])
    found = [regression(one, one)["r2_omega_m"] for one in (single, together, copies)]
    assert found[0].se == pytest.approx(found[1].se)
    assert found[2].se < 0.75 * found[1].se
    assert found[1].interval[0] < found[1].value < found[1].interval[1]


def test_the_spread_of_a_mean_is_the_textbook_s(drawn):
    truth, means = drawn
    bias = regression(*[made(truth, means)] * 2, resamples=4000)["bias_omega_m"]
    assert bias.se == pytest.approx((means - truth)[:, 0].std() / math.sqrt(60), rel=0.1)


def test_a_target_unknown_in_a_domain_is_not_scored_and_costs_no_other(drawn):
    truth, means = drawn
    unknown = truth.copy()
    unknown[:, 1] = np.nan
    scores = regression(made(truth, means), made(unknown, means))
    assert math.isfinite(scores["r2_omega_m"].value)
    for name in ("r2_sigma_8", "chi2_sigma_8", "z_sigma_8", "r2_drop_sigma_8"):
        assert math.isnan(scores[name].value)
        assert "not known in this domain" in scores[name].note


def test_one_cosmology_has_errors_and_no_r2(drawn):
    truth = np.full_like(drawn[0], 0.3)
    scores = regression(*[made(truth, drawn[1])] * 2)
    assert math.isnan(scores["r2_omega_m"].value)
    assert "one true value" in scores["r2_omega_m"].note
    assert scores["rmse_omega_m"].value > 0


def test_a_classification_has_none(prediction):
    made = prediction(logits=[[1.0, 0.0, 0.0]], labels=[0])
    assert regression(made, made) == {}


def test_without_resamples_there_are_values_and_no_spread(drawn):
    scores = regression(*[made(*drawn)] * 2, resamples=0)
    assert scores == {name: replace(score, se=None, interval=None) for name, score in scores.items()}
    whole = regression(*[made(*drawn)] * 2)
    assert {name: score.value for name, score in scores.items()} == {name: one.value for name, one in whole.items()}
    assert any(score.se is not None for score in whole.values())


@pytest.mark.parametrize("resamples", [-1, 10_001])
def test_resamples_have_bounds(drawn, resamples):
    with pytest.raises(SuiteError, match=f"resamples is {resamples}: expected 0 to 10000"):
        regression(*[made(*drawn)] * 2, resamples=resamples)
