"""A made-up store of cells: two domains, one network, with or without what a figure draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench import DataError, Exhibit, Labelled, Prediction, Regression, Unlabelled

if TYPE_CHECKING:
    from collections.abc import Callable

IDS = np.array([f"sim{n // 2}/{n % 2}" for n in range(12)])
TARGETS = ("Omega_m", "sigma_8")


def make_prediction(offset: float = 0.0, **changed: Any) -> Prediction:
    """Return a prediction of 12 maps whose means are `offset` above the truth, with Gram matrices of 3 layers."""
    rng = np.random.default_rng(5)
    labels = rng.uniform(0.1, 0.9, (12, 2)).astype(np.float32)
    features = rng.normal(size=(3, 12, 6)) + 2 * rng.normal(size=(12, 6))
    grams = (features @ features.transpose(0, 2, 1))[:, None]
    values: dict[str, Any] = {
        "ids": IDS,
        "latent": np.zeros((12, 2), np.float32),
        "logits": np.concatenate([labels + offset, np.full((12, 2), 0.05)], axis=1).astype(np.float32),
        "labels": labels,
        "classes": TARGETS,
        "task": "regression",
        "grams": grams,
        "layers": ("conv1", "conv2", "head"),
        "objects": np.array([name.split("/")[0] for name in IDS]),
        "ranges": ((0.0, 1.0), (0.0, 1.0)),
    }
    return Prediction(**{**values, **changed})


def make_dataset(ids: np.ndarray = IDS, lowest: float = 1.0) -> Regression:
    """Return 12 maps of 8 pixels in two domains. ids: of domain B. lowest: the lowest pixel."""
    pixels = np.random.default_rng(6).uniform(lowest, lowest + 9, (12, 1, 8, 8)).astype(np.float32)

    def part(factor: float, named: np.ndarray) -> Labelled:
        shown = np.repeat(["sim0", "sim1"], 6)
        labels = np.full((12, 2), 0.3, np.float32)
        return Labelled(pixels * factor, named, np.arcsinh, labels=labels, objects=shown)

    return Regression(
        train=part(1, IDS), valid=part(1, IDS), target=Unlabelled(pixels, IDS, np.arcsinh),
        tests={"A": part(1, IDS), "B": part(10, ids)}, unit="K", pixel_scale=1.0, bands=("T",), classes=TARGETS,
        licence="none", citation="none", synthetic=True, ranges=((0.0, 1.0), (0.0, 1.0)),
    )  # fmt: skip


def not_stored() -> Any:
    raise DataError("it is not in the store: run the suite again")


def make_exhibit(domain: str, prediction: Prediction | None = None, **changed: Any) -> Exhibit:
    """Return a cell of domain A (learned) or B; only what a test is about needs saying."""
    found = prediction or make_prediction(0.0 if domain == "A" else 0.2)
    values: dict[str, Any] = {
        "suite": "toy", "version": 3, "profile": "tiny", "dataset": "T", "dataset_key": "d" * 64,
        "architecture": "cnn", "method": "source_only", "domain": domain, "source": "A", "perturbation": "none",
        "clean": True, "seed": 0, "key": domain.lower() * 64, "task": found.task, "synthetic": True, "unit": "K",
        "classes": found.classes, "reference": "source_only", "point": None,
        "predicted": lambda: found, "opened": make_dataset, "network": not_stored, "history": not_stored,
    }  # fmt: skip
    return Exhibit(**{**values, **changed})


@pytest.fixture
def exhibit() -> Callable[..., Exhibit]:
    """Return the maker of cells."""
    return make_exhibit


@pytest.fixture
def prediction() -> Callable[..., Prediction]:
    """Return the maker of predictions."""
    return make_prediction


@pytest.fixture
def dataset() -> Callable[..., Regression]:
    """Return the maker of datasets."""
    return make_dataset
