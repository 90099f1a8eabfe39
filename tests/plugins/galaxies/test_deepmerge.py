"""What the published DeepMerge files promise, on small files of the same layouts."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from astrobench import DataError, Labelled
from astrobench_galaxies import deepmerge as module
from astrobench_galaxies.deepmerge import deepmerge
from astrobench_galaxies.zscore import ZScoreStretch

MERGERS, OTHERS, SIDE = 20, 100, 6
ROWS = 5 * MERGERS + OTHERS
SAMPLE = Path("/work/shared/data/deepmerge_sample")


def augmented(rng: np.random.Generator, bands: int = 3) -> np.ndarray:
    """Return DeepMerge I's rows: mergers, turned upside down, mirrored, by 90° and 180°, then the rest."""
    mergers = rng.normal(1, 2, (MERGERS, bands, SIDE, SIDE))
    turned = [np.rot90(mergers, turns, (2, 3)) for turns in (1, 2)]
    return np.concatenate(
        [mergers, mergers[:, :, ::-1], mergers[..., ::-1], *turned, rng.normal(0, 1, (OTHERS, bands, SIDE, SIDE))]
    )


@pytest.fixture
def folder(tmp_path: Path, cache: Path) -> Path:
    home, rng = tmp_path / "files", np.random.default_rng(5)
    home.mkdir()
    pristine, labels = augmented(rng), np.repeat([1.0, 0.0], [5 * MERGERS, OTHERS])
    np.save(home / "SimSim_SOURCE_X_Illustris2_pristine.npy", pristine)
    np.save(home / "SimSim_TARGET_X_Illustris2_noisy.npy", pristine + rng.normal(0, 0.5, pristine.shape))
    for name in ("SOURCE_y_Illustris2_pristine", "TARGET_y_Illustris2_noisy"):
        np.save(home / f"SimSim_{name}.npy", labels)
    for name, size in (("SOURCE_{}_Illustris0", 60), ("TARGET_{}_postmergers_SDSS", 40)):
        np.save(home / f"SimReal_{name.format('X')}.npy", rng.normal(20, 9, (size, 3, SIDE, SIDE)))
        np.save(home / f"SimReal_{name.format('y')}.npy", np.arange(size) % 2.0)
    return home


def rows(part: object) -> np.ndarray:
    return np.array([int(name.split("-")[1]) for name in part.ids])  # type: ignore[attr-defined]


def group(row: int) -> int:
    return row % MERGERS if row < 5 * MERGERS else row


def test_images_and_labels_are_those_of_the_rows(folder: Path) -> None:
    dataset = deepmerge(folder=folder)
    parts = {"SOURCE_X_Illustris2_pristine": dataset.train, "TARGET_X_Illustris2_noisy": dataset.tests["noisy"]}
    for domain, part in parts.items():
        expected = np.load(folder / f"SimSim_{domain}.npy")[rows(part)].astype(np.float32)
        assert isinstance(part.images, np.memmap)
        np.testing.assert_array_equal(part.images, expected)
    np.testing.assert_array_equal(dataset.train.labels, rows(dataset.train) < 5 * MERGERS)
    assert dataset.train.labels.dtype == np.int64
    assert (dataset.classes, dataset.bands) == (("non_merger", "merger"), ("F814W", "F356W", "F160W"))


@pytest.mark.parametrize("reverse", [False, True])
def test_no_copy_or_noisy_twin_of_a_training_galaxy_is_tested(folder: Path, reverse: bool) -> None:
    dataset = deepmerge(folder=folder, reverse=reverse)
    assert list(dataset.tests) == (["noisy", "pristine"] if reverse else ["pristine", "noisy"])
    sides = [{group(row) for row in rows(part)} for part in (dataset.train, dataset.valid, dataset.tests["noisy"])]
    assert not (sides[0] & sides[1])
    assert not (sides[0] & sides[2])
    assert not (sides[1] & sides[2])
    assert len(set.union(*sides)) == MERGERS + OTHERS
    np.testing.assert_array_equal(dataset.tests["noisy"].ids, dataset.tests["pristine"].ids)
    np.testing.assert_array_equal(dataset.train.ids, dataset.target.ids)


@pytest.mark.parametrize("split", ["grouped", "published_dm1", "published_dm2"])
def test_every_image_says_which_object_it_shows(folder: Path, split: str) -> None:
    """So that scores are drawn anew by object: five copies of a merger tell no more than one."""
    dataset = deepmerge(folder=folder, split=split)  # type: ignore[arg-type]
    for part in (dataset.train, dataset.valid, dataset.target, *dataset.tests.values()):
        objects, expected = part.objects, [group(row) for row in rows(part)]
        assert objects is not None
        same = objects[:, None] == objects[None, :]
        np.testing.assert_array_equal(same, np.equal.outer(expected, expected))


@pytest.mark.parametrize("split", ["published_dm1", "published_dm2"])
def test_the_published_splits_leak_copies_of_training_galaxies_into_the_tests(folder: Path, split: str) -> None:
    dataset = deepmerge(folder=folder, split=split)  # type: ignore[arg-type]
    for part in dataset.tests.values():
        mergers = rows(part)[part.labels == 1]
        seen = {group(row) for row in rows(dataset.train)}
        assert np.mean([group(row) in seen for row in mergers]) > 0.9  # one in 0.3⁵ merger keeps all its copies out
    twins = np.isin(rows(dataset.tests["noisy"]), rows(dataset.train)).mean()
    assert (twins == 0) if split == "published_dm1" else (0.5 < twins < 0.9)


def test_deepmerge_one_s_two_filters_open_whole(folder: Path) -> None:
    """The layout of 2020: SB00 and SB25, F814W and F160W, names in any case."""
    for new, old in (
        ("SOURCE_{}_Illustris2_pristine", "sb00_Augmented"),
        ("TARGET_{}_Illustris2_noisy", "SB25_augmented"),
    ):
        np.save(folder / f"{old}.npy", np.load(folder / f"SimSim_{new.format('X')}.npy")[:, [0, 2]])
        (folder / f"SimSim_{new.format('y')}.npy").rename(folder / f"{old}_y.npy")
        (folder / f"SimSim_{new.format('X')}.npy").unlink()
    dataset = deepmerge(folder=folder)
    assert (dataset.train.images.shape[1], dataset.bands) == (2, ("F814W", "F160W"))
    assert [len(part.ids) for part in (dataset.train, dataset.valid, dataset.tests["noisy"])] == [140, 20, 40]
    with pytest.raises(DataError, match="has two channels, stretch published has three; take source_train"):
        deepmerge(folder=folder, stretch="published")


def test_mast_s_fits_files_open_whole(folder: Path) -> None:
    """Images in the first extension and labels in the second, as MAST describes them; labels as whole numbers."""
    fits = pytest.importorskip("astropy.io.fits")
    expected = deepmerge(folder=folder)
    for domain, name in (("pristine", "SOURCE_{}_Illustris2_pristine"), ("noisy", "TARGET_{}_Illustris2_noisy")):
        files = [folder / f"SimSim_{name.format(letter)}.npy" for letter in "Xy"]
        images, labels = (np.load(path) for path in files)
        home = folder / f"hlsp_deepmerge_hst-jwst_acs-wfc3-nircam_illustris-z2_f814w-f160w-f356w_v1_sim-{domain}.fits"
        fits.HDUList([fits.PrimaryHDU(images), fits.ImageHDU(labels.astype(np.int16))]).writeto(home)
        for path in files:
            path.unlink()
    found = deepmerge(folder=folder)
    for part, other in zip(found.tests.values(), expected.tests.values(), strict=True):
        np.testing.assert_array_equal(part.images, other.images)
        np.testing.assert_array_equal(part.labels, other.labels)
        np.testing.assert_array_equal(part.ids, other.ids)


def test_target_labels_open_only_through_the_oracle(folder: Path) -> None:
    dataset = deepmerge(folder=folder)
    assert not isinstance(dataset.target, Labelled)
    assert dataset.oracle is not None
    np.testing.assert_array_equal(dataset.oracle().labels, dataset.train.labels)


def test_sim_to_real_splits_each_domain_by_itself(folder: Path) -> None:
    dataset = deepmerge(folder=folder, experiment="sim_real")
    assert list(dataset.tests) == ["illustris", "sdss"]
    assert [len(part.ids) for part in (dataset.train, dataset.valid, dataset.target)] == [42, 6, 28]
    assert (dataset.bands, dataset.unit) == (("g", "r", "i"), "as in the files")
    assert not set(dataset.train.ids) & set(dataset.target.ids)


def test_the_stretch_is_fitted_where_it_was_asked(folder: Path) -> None:
    dataset = deepmerge(folder=folder)
    assert {part.stretch for part in (dataset.train, dataset.valid, dataset.target, *dataset.tests.values())} == {
        ZScoreStretch.fit(dataset.train.images)
    }
    quirky = deepmerge(folder=folder, stretch="per_domain")
    noisy = np.load(folder / "SimSim_TARGET_X_Illustris2_noisy.npy").astype(np.float32)
    assert quirky.tests["noisy"].stretch == ZScoreStretch.fit(noisy)  # test images included, as published
    stored = deepmerge(folder=folder, stretch="published")
    assert stored.train.stretch.mean == (0.0375126, 0.03326255, 0.06786563)  # type: ignore[attr-defined]
    assert stored.target.stretch.deviation == (1.37418461, 1.16330922, 1.19831419)  # type: ignore[attr-defined]


def test_a_second_opening_reads_the_same_copies(folder: Path, cache: Path) -> None:
    deepmerge(folder=folder)
    times = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    deepmerge(folder=folder)
    assert times == {path: path.stat().st_mtime_ns for path in cache.rglob("*")}


def replaced(folder: Path, name: str, array: np.ndarray) -> None:
    np.save(folder / f"SimSim_{name}.npy", array)


BAD = {
    "html": (lambda home: (home / "SimSim_SOURCE_y_Illustris2_pristine.npy").write_text("<html>"), "is a web page"),
    "truncated": (lambda home: os.truncate(home / "SimSim_TARGET_X_Illustris2_noisy.npy", 5_000), "is cut short"),
    "lengths": (lambda home: replaced(home, "SOURCE_y_Illustris2_pristine", np.ones(9)), "200 images for 9 labels"),
    "shapes": (
        lambda home: replaced(home, "TARGET_X_Illustris2_noisy", np.zeros((ROWS, 3, 8, 8))),
        r"has images of \(3, 8, 8\), SimSim_SOURCE_X_Illustris2_pristine.npy of \(3, 6, 6\)",
    ),
    "bands": (lambda home: replaced(home, "SOURCE_X_Illustris2_pristine", np.zeros((ROWS, 5, 8, 9))), "C of 2 or 3"),
    "nan": (
        lambda home: replaced(home, "TARGET_X_Illustris2_noisy", np.full((ROWS, 3, SIDE, SIDE), np.nan)),
        "NaN or infinite pixels in row",
    ),
    "label": (lambda home: replaced(home, "SOURCE_y_Illustris2_pristine", np.full(ROWS, 2)), "has label 2 in row 0"),
    "other galaxies": (
        lambda home: replaced(home, "TARGET_y_Illustris2_noisy", np.arange(ROWS) % 2),
        "take split = published_dm2",
    ),
    "missing labels": (
        lambda home: (home / "SimSim_TARGET_y_Illustris2_noisy.npy").unlink(),
        "has no SimSim_TARGET_y_Illustris2_noisy.npy; fetch it from",
    ),
    "missing images": (
        lambda home: (home / "SimSim_SOURCE_X_Illustris2_pristine.npy").unlink(),
        "has no SimSim_SOURCE_X_Illustris2_pristine.npy; fetch it from",
    ),
    "objects": (lambda home: np.save(home / "subsamples_ID.npy", np.ones(9)), "want one object a row"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_one_line_with_the_file_and_the_remedy(folder: Path, case: str) -> None:
    spoil, message = BAD[case]
    spoil(folder)
    with pytest.raises(DataError, match=message) as fault:
        deepmerge(folder=folder)
    assert "\n" not in str(fault.value)
    assert str(folder) in str(fault.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere; give the folder that holds SimSim_SOURCE_X"):
        deepmerge(folder=tmp_path / "nowhere")


def test_without_a_folder_files_come_from_the_cache_or_zenodo(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ADDRESS", "http://127.0.0.1:9")
    home = cache / "deepmerge" / "published"
    home.mkdir(parents=True)
    for path in folder.iterdir():
        path.rename(home / path.name)
    assert len(deepmerge().tests) == 2
    (home / "SimSim_TARGET_X_Illustris2_noisy.npy").unlink()
    with pytest.raises(DataError, match=r"cannot fetch http://127.0.0.1:9/SimSim_TARGET_X"):
        deepmerge()


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the genuine sample is not on this machine")
def test_the_genuine_sample_opens(tmp_path: Path, cache: Path) -> None:
    images, rng = np.load(SAMPLE / "x_sample.npy"), np.random.default_rng(0)
    both = np.concatenate([images, rng.normal(0, 1, images.shape)])
    for name, noise in (("SOURCE_{}_Illustris2_pristine", 0.0), ("TARGET_{}_Illustris2_noisy", 0.4)):
        np.save(tmp_path / f"SimSim_{name.format('X')}.npy", both + rng.normal(0, noise, both.shape))
        np.save(tmp_path / f"SimSim_{name.format('y')}.npy", np.repeat([1.0, 0.0], 10))
    dataset = deepmerge(folder=tmp_path)
    assert dataset.train.images.shape == (14, 3, 75, 75)
    np.testing.assert_array_equal(dataset.valid.images, both[rows(dataset.valid)].astype(np.float32))
