"""What data cannot give is said in one sentence, with the split, the value and the remedy, before training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from astrobench.errors import DataError
from astrobench.stages.datasets import check_dataset, limited
from astrobench.types import Dataset, Labelled, Observation, Unlabelled


def part(name: str, n: int, **over: Any) -> Labelled:
    images = np.zeros((n, 2, 8, 8), np.float32)
    images += np.arange(n, dtype=np.float32)[:, None, None, None]
    told = {"images": images, "ids": np.array([f"{name}-{i}" for i in range(n)]), "stretch": np.asarray}
    return Labelled(**{**told, "labels": np.arange(n) % 3, **over})


def dataset(**over: Any) -> Dataset:
    target = part("target", 12)
    told: dict[str, Any] = {
        "train": part("train", 12), "valid": part("valid", 6), "tests": {"A": part("a", 6), "B": part("b", 6)},
        "target": Unlabelled(target.images, target.ids, target.stretch), "unit": "e-/yr", "pixel_scale": 0.2,
        "bands": ("g", "r"), "classes": ("x", "y", "z"), "licence": "", "citation": "", "synthetic": True,
        "oracle": lambda: target,
    }  # fmt: skip
    return Dataset(**{**told, **over})


def holed() -> np.ndarray:
    images = np.zeros((12, 2, 8, 8), np.float32)
    images[7, 1, 3, 3] = np.nan
    return images


def test_a_sound_dataset_passes() -> None:
    check_dataset(dataset(), "mine", ["A", "B"], 12)


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        (
            {"train": part("train", 12, images=holed())},
            "train has NaN or infinite pixels in image 'train-7': mask",
        ),
        ({"train": part("train", 12, labels=np.full(12, 1))}, "has one class only in its training set"),
        ({"train": part("train", 12, labels=np.full(12, 3))}, "has label 3, expected 0 … 2 for 3 classes"),
        ({"train": part("train", 12, labels=np.zeros(12))}, "labels float64 (12,), expected int64 (N,)"),
        ({"valid": part("valid", 6, images=np.zeros((6, 2, 9, 8), np.float32))}, "valid images are (2, 9, 8), train"),
        (
            {"train": part("train", 12, images=np.zeros((12, 2, 8, 8)))},
            "images float64 (12, 2, 8, 8), expected",
        ),
        ({"train": part("train", 12, ids=np.array(["a"]))}, "has 1 ids for 12 images"),
        ({"train": part("train", 12, objects=np.array(["a"]))}, "has 1 objects for 12 images, want one an image"),
        ({"train": part("train", 12, labels=np.arange(9) % 3)}, "train has 9 labels for 12 images; bring one an image"),
        ({"valid": part("valid", 0)}, "mine valid has no images"),
        ({"target": part("target", 0)}, "mine target has no images"),
        ({"target": None}, "'mine' has no unlabelled target images: bring some, for a method to adapt to"),
        ({"tests": {"A": part("a", 6)}}, "'mine' has one domain only, 'A': a source and a target are needed"),
        ({"tests": {"A": part("a", 6), "C": part("c", 6)}}, "has no test domain 'B'; known: A, C"),
        ({"train": part("train", 11)}, "11 train images, fewer than training.batch_size = 12; lower it, or bring more"),
        ({"target": part("target", 5)}, "5 target images, fewer than training.batch_size = 12"),
    ],
)
def test_each_fault_is_one_sentence(over: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        check_dataset(dataset(**over), "mine", ["A", "B"], 12)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_limit_keeps_every_class_and_what_belongs_to_an_image() -> None:
    ordered = part("a", 9, labels=np.repeat(np.arange(3), 3))
    scene = ordered.images * 2
    seen = replace(ordered, observation=Observation(1.0, (1.0, 1.0), scene, gain=1.0))
    cut = limited(dataset(tests={"A": seen, "B": part("b", 6)}), 4)
    test = cut.tests["A"]
    assert len(test.images) == len(test.ids) == len(test.labels) == 4
    assert set(test.labels.tolist()) == {0, 1, 2}
    assert test.observation is not None
    np.testing.assert_array_equal(test.observation.scene, test.images * 2)
    assert cut.oracle is not None
    flips = part("a", 9, objects=np.repeat(["x", "y", "z"], 3))
    assert limited(dataset(train=flips), 3).train.objects.tolist() == ["x", "y", "z"]
    assert len(cut.oracle().images) == len(cut.target.images) == 4
    assert limited(dataset(), None).train.images.shape[0] == 12
