"""The dataset as the engine sees it: paired domains, disjoint splits, one stretch, noise as published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench import DataError, Dataset, Labelled
from astrobench_galaxies import hst_drawing
from astrobench_galaxies.hst_drawing import CHUNK, scenes_of, sky
from astrobench_galaxies.hst_mock import hst_mock
from astrobench_galaxies.hst_scenes import Recipe
from astrobench_galaxies.zscore import ZScoreStretch

if TYPE_CHECKING:
    from pathlib import Path

GALAXIES = 80


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _environment(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(cache))
    monkeypatch.setenv("ASTROBENCH_CORES", "1")


@pytest.fixture
def mock() -> Dataset:
    return hst_mock(galaxies=GALAXIES)


def ids(part: object) -> set[str]:
    return set(part.ids.tolist())  # type: ignore[attr-defined]


def test_images_are_read_only_float32_maps_in_the_documented_shape(mock: Dataset) -> None:
    for part in (mock.train, mock.valid, mock.target, *mock.tests.values()):
        assert (part.images.dtype, part.images.shape) == (np.float32, (len(part.ids), 3, 75, 75))
        assert isinstance(part.images, np.memmap)
        assert not part.images.flags.writeable


def test_facts_of_the_dataset(mock: Dataset) -> None:
    assert (mock.unit, mock.pixel_scale, mock.bands) == ("nJy", 0.06, ("F814W", "F356W", "F160W"))
    assert mock.classes == ("non_merger", "merger")
    assert mock.synthetic
    assert "synthetic" in mock.licence


def test_splits_are_70_10_20_by_galaxy_and_share_none(mock: Dataset) -> None:
    sides = [ids(mock.train), ids(mock.target), ids(mock.valid), ids(mock.tests["pristine"])]
    assert [len(side) for side in sides] == [28, 28, 8, 16]
    assert len(set.union(*sides)) == GALAXIES


def test_classes_are_balanced_in_every_split(mock: Dataset) -> None:
    for part in (mock.train, mock.valid, *mock.tests.values()):
        assert np.bincount(part.labels).tolist() == [len(part.ids) / 2] * 2


def test_noisy_is_pristine_and_the_published_noise(mock: Dataset) -> None:
    pristine, noisy = mock.tests.values()
    assert list(mock.tests) == ["pristine", "noisy"]
    np.testing.assert_array_equal(pristine.ids, noisy.ids)
    np.testing.assert_array_equal(pristine.labels, noisy.labels)
    noise = (noisy.images - pristine.images).astype(float)
    np.testing.assert_allclose(noise.std((0, 2, 3)), [0.42, 0.54, 0.42], rtol=0.02)
    np.testing.assert_allclose(noise.mean((0, 2, 3)), 0, atol=0.01)


def test_reversed_the_noisy_galaxies_are_the_source(mock: Dataset) -> None:
    turned = hst_mock(galaxies=GALAXIES, reverse=True)
    assert list(turned.tests) == ["noisy", "pristine"]
    assert ids(turned.train) == ids(mock.train)
    for domain, part in mock.tests.items():
        np.testing.assert_array_equal(turned.tests[domain].images, part.images)
    np.testing.assert_allclose((turned.train.images - mock.train.images).std((0, 2, 3)), [0.42, 0.54, 0.42], rtol=0.02)


def test_target_labels_are_behind_the_oracle_only(mock: Dataset) -> None:
    assert not isinstance(mock.target, Labelled)
    assert mock.oracle is not None
    opened = mock.oracle()
    np.testing.assert_array_equal(opened.ids, mock.target.ids)
    np.testing.assert_array_equal(opened.images, mock.target.images)
    assert np.bincount(opened.labels).tolist() == [14, 14]


def test_one_stretch_is_fitted_on_source_training(mock: Dataset) -> None:
    parts = (mock.train, mock.valid, mock.target, *mock.tests.values())
    assert {part.stretch for part in parts} == {ZScoreStretch.fit(mock.train.images)}


def test_the_published_statistics_are_each_domains_own_with_its_test_images() -> None:
    quirky = hst_mock(galaxies=GALAXIES, stretch="per_domain")
    source = ZScoreStretch.fit(quirky.train.images, quirky.valid.images, quirky.tests["pristine"].images)
    target = ZScoreStretch.fit(quirky.target.images, quirky.tests["noisy"].images)
    assert {quirky.train.stretch, quirky.valid.stretch, quirky.tests["pristine"].stretch} == {source}
    assert {quirky.target.stretch, quirky.tests["noisy"].stretch} == {target}


def test_the_same_galaxies_may_train_both_domains(mock: Dataset) -> None:
    same = hst_mock(galaxies=GALAXIES, same_galaxies=True)
    assert ids(same.train) == ids(same.target) == ids(mock.train) | ids(mock.target)


def test_noise_depends_on_seed_and_galaxy_and_grows_with_its_level() -> None:
    np.testing.assert_allclose(sky(0, 3, 2.0), 2 * sky(0, 3, 1.0), rtol=1e-6)
    assert not np.array_equal(sky(0, 3, 1.0), sky(0, 4, 1.0))
    assert not np.array_equal(sky(0, 3, 1.0), sky(1, 3, 1.0))
    assert not sky(0, 3, 0.0).any()


def test_a_second_call_draws_nothing_and_a_cut_chunk_is_drawn_again(
    mock: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = scenes_of(Recipe(0, 21.8, 24.8))
    whole = scenes.path(1).read_bytes()
    asked: list[object] = []
    monkeypatch.setattr(hst_drawing, "in_parallel", lambda work, items, *_: asked.extend(items))
    hst_mock(galaxies=GALAXIES)
    assert asked == []
    scenes.path(1).write_bytes(whole[:-4])
    monkeypatch.undo()
    monkeypatch.setenv("ASTROBENCH_CACHE", str(scenes.folder.parents[2]))
    scenes.draw(range(CHUNK, CHUNK + 1))
    assert scenes.path(1).read_bytes() == whole


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"galaxies": 39}, "galaxies is 39, want at least 40"),
        ({"brightest": 24.8}, "brightest is 24.8 and faintest 24.8, want brightest < faintest"),
        ({"noise": 0.0}, "noise is 0, want a number above 0"),
        ({"noise": float("nan")}, "noise is nan"),
    ],
)
def test_bad_input_is_told_in_one_line_before_anything_is_drawn(wrong: dict, message: str) -> None:
    with pytest.raises(DataError, match=message) as fault:
        hst_mock(**wrong)
    assert "\n" not in str(fault.value)
