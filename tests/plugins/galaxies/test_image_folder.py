"""What a user's own folder promises: split by object, decoded once, stretched by its source, refused in one line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astrobench
import numpy as np
import pytest
from astrobench.progress import watched_by
from astrobench_galaxies import decoding
from astrobench_galaxies.image_folder import image_folder
from astrobench_galaxies.stretch import ArcsinhStretch
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path("/work/shared/data/galaxy_zoo_examples/labels.csv")
LABELS = ("elliptical", "spiral")


@pytest.fixture
def survey(tmp_path: Path, cache: Path) -> Path:
    """Twenty objects of two classes, each seen by `near` and `far`; `else` sees five more."""
    rng, lines = np.random.default_rng(8), ["path,label,domain,id"]
    for number in range(25):
        for domain in ("near", "far") if number < 20 else ("else",):
            name = f"{domain}-{number}.png"
            Image.fromarray(rng.integers(0, 200, (12, 12, 3), dtype=np.uint8)).save(tmp_path / name)
            lines.append(f"{name},{LABELS[number % 2]},{domain},galaxy {number}")
    (tmp_path / "sky.csv").write_text("\n".join(lines))
    return tmp_path / "sky.csv"


def opened(catalogue: Path, **options: Any) -> astrobench.Dataset:
    return image_folder(**{"catalogue": catalogue, "source": "near", "target": "far", "size": 8, **options})


def parts(dataset: astrobench.Dataset) -> Iterator[tuple[str, astrobench.Unlabelled]]:
    yield from (("train", dataset.train), ("valid", dataset.valid), ("train", dataset.target))
    yield from (("test", part) for part in dataset.tests.values())


def without(survey: Path, *columns: int) -> Path:
    lines = [line.split(",") for line in survey.read_text().splitlines()]
    survey.write_text(
        "\n".join(",".join(cell for place, cell in enumerate(line) if place not in columns) for line in lines)
    )
    return survey


def test_objects_are_split_70_10_20_by_class_and_never_straddle(survey: Path) -> None:
    dataset = opened(survey)
    assert [len(part.ids) for _, part in parts(dataset)] == [14, 2, 14, 4, 4]
    assert Counter(dataset.train.labels.tolist()) == {0: 7, 1: 7}
    sides: dict[str, set[str]] = {}
    for side, part in parts(dataset):
        for name in part.ids.tolist():
            sides.setdefault(name, set()).add(side)
    assert all(len(found) == 1 for found in sides.values())


def test_an_object_has_the_same_place_in_both_domains(survey: Path) -> None:
    dataset = opened(survey)
    np.testing.assert_array_equal(dataset.tests["near"].ids, dataset.tests["far"].ids)
    np.testing.assert_array_equal(dataset.train.ids, dataset.target.ids)


def test_several_images_of_an_object_stay_on_one_side_in_any_order_of_the_rows(survey: Path) -> None:
    header, *rows = survey.read_text().splitlines()
    merged = [f"{row.rpartition(' ')[0]} {int(row.rpartition(' ')[2]) // 4 * 2 + int(row[-1]) % 2}" for row in rows]
    found = []
    for order in (merged, merged[::-1]):
        survey.write_text("\n".join([header, *order]))
        found.append(opened(survey))
    sides = [set(part.ids.tolist()) for part in (found[0].train, found[0].valid, found[0].tests["near"])]
    assert len(set.union(*sides)) == sum(map(len, sides)) == 10
    assert len(found[0].train.ids) == 2 * len(sides[0])
    for (_, one), (_, other) in zip(parts(found[0]), parts(found[1]), strict=True):
        np.testing.assert_array_equal(one.images, other.images)


def test_images_are_the_files_resized(survey: Path) -> None:
    dataset = opened(survey, size=0)
    number = dataset.tests["far"].ids[0].removeprefix("galaxy ")
    picture = np.asarray(Image.open(survey.parent / f"far-{number}.png"))
    np.testing.assert_array_equal(dataset.tests["far"].images[0], picture.transpose(2, 0, 1))
    assert opened(survey, size=5).train.images.shape == (14, 3, 5, 5)
    assert isinstance(dataset.train.images, np.memmap)


def test_the_order_of_the_catalogue_does_not_matter(survey: Path) -> None:
    first = opened(survey)
    header, *rows = survey.read_text().splitlines()
    survey.write_text("\n".join([header, *reversed(rows)]))
    second = opened(survey)
    for (_, one), (_, other) in zip(parts(first), parts(second), strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.images, other.images)


def test_another_seed_splits_otherwise(survey: Path) -> None:
    assert set(opened(survey, seed=1).train.ids) != set(opened(survey, seed=2).train.ids)


def test_a_split_column_is_obeyed(survey: Path) -> None:
    header, *rows = survey.read_text().splitlines()
    sides = ["train"] * 12 + ["valid"] * 4 + ["test"] * 9
    places = [int(row.rsplit(" ", 1)[1]) for row in rows]
    survey.write_text(
        "\n".join([header + ",split", *(f"{row},{sides[n]}" for row, n in zip(rows, places, strict=True))])
    )
    dataset = opened(survey)
    assert set(dataset.valid.ids) == {f"galaxy {number}" for number in (12, 13, 14, 15)}
    assert len(dataset.tests["far"].ids) == 4


def test_a_domain_that_only_tests_gives_all_its_images(survey: Path) -> None:
    dataset = opened(survey, tests=("else",))
    assert list(dataset.tests) == ["near", "far", "else"]
    assert sorted(dataset.tests["else"].ids) == [f"galaxy {number}" for number in range(20, 25)]


def test_files_of_equal_content_are_one_object_where_there_are_no_ids(survey: Path) -> None:
    for number in range(20):
        (survey.parent / f"far-{number}.png").write_bytes((survey.parent / f"near-{number}.png").read_bytes())
    dataset = opened(without(survey, 3))
    np.testing.assert_array_equal(dataset.tests["near"].ids, dataset.tests["far"].ids)
    assert not set(dataset.train.ids) & set(dataset.tests["far"].ids)


def test_the_target_may_go_without_labels(survey: Path) -> None:
    rows = [row for row in survey.read_text().splitlines() if ",far," not in row]
    blind = [f"far-{number}.png,,far,other {number}" for number in range(10)]
    seen = [f"far-{number}.png,spiral,far,other {number}" for number in range(10, 20)]
    survey.write_text("\n".join(rows + blind + seen))
    dataset = opened(survey)
    assert len(dataset.target.ids) == 10 + 7
    assert set(dataset.tests["far"].labels) == {1}
    assert dataset.oracle is None


def test_target_labels_open_only_through_the_oracle(survey: Path) -> None:
    dataset = opened(survey)
    assert not isinstance(dataset.target, astrobench.Labelled)
    assert dataset.oracle is not None
    np.testing.assert_array_equal(dataset.oracle().labels, dataset.train.labels)


def test_classes_are_sorted_or_in_the_order_given(survey: Path) -> None:
    assert opened(survey).classes == ("elliptical", "spiral")
    turned = opened(survey, classes=("spiral", "elliptical"))
    assert turned.classes == ("spiral", "elliptical")
    np.testing.assert_array_equal(turned.train.labels, 1 - opened(survey).train.labels)


def test_numbers_are_labels_too(survey: Path) -> None:
    survey.write_text(survey.read_text().replace("spiral", "10").replace("elliptical", "9"))
    assert opened(survey).classes == ("9", "10")
    survey.write_text(survey.read_text().replace(",10,", ",1,").replace(",9,", ",0,"))
    dataset = opened(survey, classes=LABELS)
    assert Counter(dataset.train.labels.tolist()) == {0: 7, 1: 7}


def test_the_stretch_is_fitted_on_source_training_images_only(survey: Path) -> None:
    dataset = opened(survey)
    low, high = np.percentile(dataset.train.images, [0.1, 99.9])
    stretch: Any = dataset.train.stretch
    np.testing.assert_allclose([stretch.low, stretch.high], [low, high], rtol=1e-6)
    assert {part.stretch for _, part in parts(dataset)} == {stretch}
    assert isinstance(opened(survey, stretch="asinh").train.stretch, ArcsinhStretch)


def test_counts_are_told_apart_from_flux(survey: Path) -> None:
    dataset = opened(survey)
    assert (dataset.unit, dataset.train.observation, dataset.synthetic) == ("as in the files", None, False)


@pytest.mark.parametrize(("options", "scale"), [
    ({}, None), ({"pixel_scale": 0.3}, 0.45), ({"pixel_scale": 0.3, "size": 12}, 0.3),
    ({"pixel_scale": 0.3, "size": 0}, 0.3), ({"pixel_scale": 0.3, "size": 24}, 0.15),
])  # fmt: skip
def test_a_pixel_scale_is_unknown_unless_given_and_a_resize_changes_it(survey: Path, options: Any, scale: Any) -> None:
    assert opened(survey, **options).pixel_scale == (scale if scale is None else pytest.approx(scale, rel=1e-12))


def test_a_crop_changes_no_pixel_scale_and_squares_of_several_sides_share_none(survey: Path) -> None:
    for number, path in enumerate(sorted(survey.parent.glob("*.png"))):
        Image.new("RGB", (12, 20), (9, 9, number)).save(path)
    assert opened(survey, pixel_scale=0.3).pixel_scale == pytest.approx(0.45, rel=1e-12)
    Image.new("RGB", (24, 30), (9, 99, 9)).save(survey.parent / "far-3.png")
    assert opened(survey).pixel_scale is None
    with pytest.raises(
        astrobench.DataError,
        match=r"^pixel_scale is 0\.3 arcsec in the files, and squares of several sides, 12 \(row \d+ of sky\.csv\), 24"
        r" \(row 9 of sky\.csv\), become 8 pixels: no scale would hold for all; bring images of one size, or leave",
    ):
        opened(survey, pixel_scale=0.3)


def test_images_are_decoded_once_and_progress_is_told(survey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    with watched_by(lambda *words: told.append(words[:3])):
        opened(survey)
    assert ("decoding images", 14, 14) in told
    monkeypatch.setattr(decoding, "read_image", None)
    assert len(opened(survey).train.images) == 14


def test_a_changed_image_is_decoded_anew(survey: Path) -> None:
    before = opened(survey)
    changed = before.tests["far"].ids[0].replace("galaxy ", "far-") + ".png"
    Image.new("RGB", (12, 12), (9, 9, 9)).save(survey.parent / changed)
    np.testing.assert_array_equal(opened(survey).tests["far"].images[0], np.full((3, 8, 8), 9))


@pytest.mark.skipif(not EXAMPLES.is_file(), reason="the Galaxy Zoo examples are not on this machine")
def test_real_pictures_of_two_surveys_can_be_read(cache: Path) -> None:
    dataset = image_folder(catalogue=EXAMPLES, source="sloan", target="decals", tests=("illustris",), size=32)
    assert dataset.classes == ("elliptical", "merger", "spiral")
    counts = [Counter(part.labels.tolist()) for part in (dataset.train, dataset.valid, dataset.tests["sloan"])]
    assert sum(counts, Counter()) == {0: 4, 1: 6, 2: 21}
    assert len(dataset.tests["illustris"].ids) == 67
    inputs = dataset.train.stretch(dataset.target.images)
    assert 0 <= inputs.min() < inputs.max() <= 1
