"""Data that cannot be learned from are told in one line, before anything is trained."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench.engine import Options, Sweep
from astrobench.errors import AstrobenchError
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.store import Store
from astrobench.suite import check_suite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REGISTRY = Registry.load()
PIXELS, LABELS = "SimSim_TARGET_X_Illustris2_noisy.npy", "SimSim_TARGET_y_Illustris2_noisy.npy"


def run(root: Path, dataset: dict[str, Any], domains: list[str], method: str) -> None:
    """Run a suite of one dataset and one method, with everything in this process."""
    axes = {"dataset": [dataset], "domain": domains, "architecture": ["deepmerge"], "method": [method], "seed": [0]}
    told = {"name": "bad", "version": 1, "title": "Bad input", "reference": method, "axes": axes}
    suite = check_suite({**told, "training": {"epochs": 1, "batch_size": 4}}, "bad")
    Sweep(make_plan(suite, REGISTRY, "", "cpu"), Store(root), Options(in_process=True)).run()


def refused(tmp_path: Path, dataset: dict[str, Any], domains: list[str], method: str = "mmd") -> str:
    """Return the sentence with which a run is refused, having trained nothing."""
    with pytest.raises(AstrobenchError) as caught:
        run(tmp_path / "results", dataset, domains, method)
    assert list((tmp_path / "results").glob("trainings/**/*.json")) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """DeepMerge's files, forty galaxies of 9 × 9 pixels."""
    home, rng = tmp_path / "files", np.random.default_rng(0)
    home.mkdir()
    images, labels = rng.normal(0, 1, (40, 3, 9, 9)), np.arange(40) % 2.0
    for name, noise in (("SOURCE_{}_Illustris2_pristine", 0.0), ("TARGET_{}_Illustris2_noisy", 0.5)):
        np.save(home / f"SimSim_{name.format('X')}.npy", images + rng.normal(0, noise, images.shape))
        np.save(home / f"SimSim_{name.format('y')}.npy", labels)
    return home


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a truncated array": (lambda home: os.truncate(home / PIXELS, 5000), f"{PIXELS} is cut short: 5000 bytes where"),
    "a page saved as an array": (
        lambda home: (home / PIXELS).write_text("<!DOCTYPE html><html>404</html>"),
        f"{PIXELS} is a web page, not an array; fetch or write it again",
    ),
    "fewer labels than images": (
        lambda home: np.save(home / LABELS, np.ones(39)),
        f"has 40 images for 39 labels in {LABELS}",
    ),
    "another shape in the other domain": (
        lambda home: np.save(home / PIXELS, np.zeros((40, 3, 8, 9))),
        "has images of (3, 8, 9), SimSim_SOURCE_X_Illustris2_pristine.npy of (3, 9, 9)",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_file_is_named_with_what_is_wrong(tmp_path: Path, files: Path, case: str) -> None:
    spoil, sentence = SPOILT[case]
    spoil(files)
    dataset = {"plugin": "deepmerge", "label": "mine", "params": {"folder": str(files)}}
    assert sentence in refused(tmp_path, dataset, ["pristine", "noisy"])


def cutouts(tmp_path: Path, rows: list[str]) -> dict[str, Any]:
    """Return an image_folder whose catalogue has these rows, each with a picture of its own."""
    rng = np.random.default_rng(1)
    for row in rows:
        np.save(tmp_path / row.split(",")[0], rng.normal(0, 1, (3, 9, 9)).astype(np.float32))
    (tmp_path / "labels.csv").write_text("\n".join(["path,label,domain,split", *rows]) + "\n")
    told = {"catalogue": str(tmp_path / "labels.csv"), "source": "sdss", "target": "decals", "size": 9}
    return {"plugin": "image_folder", "label": "mine", "params": told}


def catalogue(domain: str, splits: tuple[str, ...]) -> list[str]:
    """Return six rows a split, of two classes."""
    return [f"{domain}-{split}-{n}.npy,{'ab'[n % 2]},{domain},{split}" for split in splits for n in range(6)]


def test_a_dataset_with_one_domain_is_told_which_one_is_missing(tmp_path: Path) -> None:
    dataset = cutouts(tmp_path, catalogue("sdss", ("train", "valid", "test")))
    sentence = refused(tmp_path, dataset, ["sdss", "decals"])
    assert "'decals'" in sentence
    assert "known: sdss" in sentence


def test_a_source_that_is_its_own_target_is_refused(tmp_path: Path) -> None:
    dataset = cutouts(tmp_path, catalogue("sdss", ("train", "valid", "test")))
    dataset["params"]["target"] = "sdss"
    assert "sdss" in refused(tmp_path, dataset, ["sdss"])


def test_a_target_without_images_to_adapt_to_is_told_what_to_bring(tmp_path: Path) -> None:
    rows = catalogue("sdss", ("train", "valid", "test")) + catalogue("decals", ("test",))
    sentence = refused(tmp_path, cutouts(tmp_path, rows), ["sdss", "decals"])
    assert "domain 'decals' has no train images; bring more images, or mark some as train" in sentence


def test_a_method_that_needs_classes_is_refused_on_a_regression(tmp_path: Path) -> None:
    dataset = {"plugin": "camels_mock", "label": "maps", "params": {}}
    sentence = refused(tmp_path, dataset, ["A", "B"], method="entropy")
    assert "'entropy' needs class labels" in sentence
    assert "regression" in sentence
