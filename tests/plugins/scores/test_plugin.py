"""What the plugin offers, and what all its metrics keep to."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import astrobench_scores
import numpy as np
import pytest

METRICS = astrobench_scores.astrobench_metrics()


def load(name):
    module, function = METRICS[name].split(":")
    return getattr(importlib.import_module(module), function)


def call(name, pair):
    metric = load(name)
    positional = [p for p in inspect.signature(metric).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    return metric(*pair, *pair) if len(positional) == 4 else metric(*pair)


@pytest.fixture
def natural(prediction):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 2, 1, 8, 3))
    grams = features @ features.transpose(0, 1, 2, 4, 3)
    return [
        prediction(
            latent=rng.normal(size=(8, 4)), logits=rng.normal(size=(8, 3)), labels=np.arange(8) % 3,
            grams=gram, layers=("conv", "head"),
        )
        for gram in grams
    ]  # fmt: skip


@pytest.fixture
def adversarial(prediction, natural):
    facts = {"success": np.arange(4) < 3, "generations": np.arange(4), "queries": np.arange(4) * 400}
    attacked = prediction(latent=np.ones((4, 4)), logits=np.eye(4, 3), labels=np.arange(4) % 3, facts=facts)
    return [natural[0], attacked]


def test_the_plugin_names_its_ten_metrics():
    assert set(METRICS) == {
        "attack", "cka", "cka_layers", "classification", "confusion", "distance_js", "latent_distance",
        "latent_distance_ratio", "regression", "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_of_the_contracts_shape_and_documented(name):
    metric = load(name)
    positional = [p.name for p in inspect.signature(metric).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    contract = ["clean", "perturbed", "reference_clean", "reference_perturbed"]
    assert positional in (contract[:2], contract)
    assert "Source:" in inspect.getdoc(metric)


def test_no_two_metrics_share_a_score(natural, adversarial):
    for pair in (natural, adversarial):
        names = [score for name in METRICS for score in call(name, pair)]
        assert len(names) == len(set(names)) > 20


def test_every_metric_applies_where_it_should(natural, adversarial):
    assert {name for name in METRICS if call(name, natural)} == set(METRICS) - {"attack", "regression"}
    assert {name for name in METRICS if call(name, adversarial)} == set(METRICS) - {"cka", "cka_layers", "regression"}
    alone = {"classification", "cka_layers", "confusion", "unknown"}
    assert {name for name in METRICS if call(name, [natural[0]] * 2)} == alone


def test_naming_the_metrics_imports_no_science():
    code = "import sys, astrobench_scores as s; s.astrobench_metrics(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "sklearn", "scipy", "numpy"} & set(modules)


def test_no_metric_imports_torch():
    code = f"import sys, {', '.join(t.split(':')[0] for t in METRICS.values())}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
