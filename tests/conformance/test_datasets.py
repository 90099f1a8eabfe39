"""Datasets: for every rule one that it catches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astrobench import Dataset, Labelled, Unlabelled
from astrobench.conformance.skies import stretch
from conforming import caught, reported


def part(prefix: str, n: int = 6, seed: int = 0) -> Labelled:
    images = np.random.default_rng(seed).normal(size=(n, 2, 8, 8)).astype(np.float32)
    ids = np.array([f"{prefix}{number}" for number in range(n)])
    return Labelled(images, ids, stretch, labels=np.arange(n) % 3)


def sound() -> Dataset:
    shown = part("train", seed=1)
    return Dataset(
        train=part("train"),
        valid=part("valid"),
        target=Unlabelled(shown.images, shown.ids, stretch),
        tests={"Y10": part("test"), "Y1": part("test", seed=2)},
        unit="e-",
        pixel_scale=0.2,
        bands=("g", "r"),
        classes=("spiral", "elliptical", "merger"),
        licence="CC0-1.0",
        citation="nobody",
        synthetic=True,
        oracle=lambda: shown,
    )


def dataset(**spoiled):
    def mine():
        """Open galaxies."""
        return replace(
            sound(),
            **{name: value() if callable(value) and name != "oracle" else value for name, value in spoiled.items()},
        )

    return mine


def with_stretch(function):
    return dataset(train=lambda: replace(part("train"), stretch=function))


def clumsy(flux):
    flux *= 2
    return stretch(flux)


@pytest.mark.parametrize(
    ("target", "rule", "told"),
    [
        (
            dataset(train=lambda: replace(part("train"), images=np.zeros((6, 2, 8, 8)))),
            "its images and labels are sound",
            "float64",
        ),
        (
            dataset(train=lambda: replace(part("train"), labels=np.arange(6))),
            "its images and labels are sound",
            "label 3",
        ),
        (dataset(unit=" "), "it says what it holds", "unit is empty"),
        (dataset(bands=("g",)), "it says what it holds", "for 2 channels"),
        (
            dataset(pixel_scale=0.0),
            "it says what it holds",
            "pixel_scale is 0.0, expected arcsec above 0, or None where it is unknown",
        ),
        (dataset(target=lambda: part("train")), "its target has no labels", "carries labels"),
        (
            dataset(valid=lambda: replace(part("valid"), ids=np.array(["v"] * 6))),
            "its images and labels are sound",
            "has id 'v' at images 0, 1, 2, 3, 4, 5 with different labels",
        ),
        (
            dataset(valid=lambda: replace(part("valid"), ids=np.array(["v"] * 6), labels=np.zeros(6, np.int64))),
            "its ids name objects",
            "one id only, 'v', for 6 images",
        ),
        (
            dataset(valid=lambda: replace(part("valid"), ids=np.arange(6))),
            "its ids name objects",
            "int64, expected text",
        ),
        (dataset(valid=lambda: part("train")), "no object is trained on and tested", "train and valid share 6 ids"),
        (
            dataset(target=lambda: Unlabelled(part("test").images, part("test").ids, stretch)),
            "no object is trained on and tested",
            "target and test Y10",
        ),
        (
            dataset(tests=lambda: {"Y10": part("test"), "Y1": replace(part("test"), labels=np.arange(6)[::-1] % 3)}),
            "paired objects have one label",
            "two labels",
        ),
        (with_stretch(clumsy), "its stretch is pure", "changes its argument"),
        (with_stretch(lambda flux: flux.astype(np.float64)), "its stretch is pure", "gives float64"),
        (with_stretch(lambda flux: flux / flux.max()), "its stretch is pure", "depends on the other images"),
        (
            dataset(train=lambda: part("train", seed=np.random.default_rng().integers(1 << 30))),
            "it opens the same twice",
            "train has other images",
        ),
        (dataset(oracle=lambda: part("other")), "its oracle labels the target", "shows other objects"),
    ],
)
def test_a_dataset_is_checked(target, rule, told):
    caught("datasets", target, rule, told)


def test_a_sound_dataset_conforms():
    found = reported("datasets", dataset())
    assert {status for status, _ in found.values()} == {"passed"}
    assert found["paired objects have one label"][1] == "Y10 and Y1 share 6 of 6"


def test_several_images_of_one_object_conform():
    views = replace(part("valid"), ids=np.array(["v0", "v1", "v2", "v0", "v1", "v2"]))
    found = reported("datasets", dataset(valid=lambda: views))
    assert {status for status, _ in found.values()} == {"passed"}
    assert found["its ids name objects"][1] == "ids of several images, which make no pairs: 3 of valid"


def test_a_domain_without_labels_conforms_and_may_be_adapted_to() -> None:
    shown = sound().target
    found = reported("datasets", dataset(tests=lambda: {"Y10": part("test"), "Y1": shown}, oracle=None))
    assert {status for status, _ in found.values()} <= {"passed", "skipped"}, found
    assert found["paired objects have one label"] == ("skipped", "it has one test domain with labels")


def test_a_source_without_labels_does_not() -> None:
    shown = sound().target
    blind = dataset(tests=lambda: {"Y10": shown, "Y1": part("test")}, oracle=None)
    caught("datasets", blind, "its images and labels are sound", "has no labels of its source 'Y10'")
