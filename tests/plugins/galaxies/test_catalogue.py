"""In which words a catalogue that cannot be used is refused: the row, what is wrong with it, and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies.image_folder import image_folder

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "path,label,domain"


@pytest.fixture
def home(tmp_path: Path, cache: Path) -> Path:
    for number in range(12):
        np.save(tmp_path / f"{number}.npy", np.full((4, 4), number, np.float32))
    return tmp_path


def rows() -> list[str]:
    return [f"{number}.npy,{'ab'[number % 2]},{'near' if number < 6 else 'far'}" for number in range(12)]


def refused(home: Path, lines: list[str], **options: Any) -> str:
    catalogue = home / "sky.csv"
    catalogue.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError) as fault:
        image_folder(**{"catalogue": catalogue, "source": "near", "target": "far", "size": 4, **options})
    assert "\n" not in str(fault.value)
    return str(fault.value)


def test_the_catalogue_of_these_tests_is_sound_when_nothing_is_spoilt(home: Path) -> None:
    (home / "sky.csv").write_text("\ufeff" + "\n".join(["Path , LABEL,Domain", *rows(), "", ","]), encoding="utf-8")
    assert len(image_folder(catalogue=home / "sky.csv", source="near", target="far", size=4).train.ids) == 2


def test_a_catalogue_that_is_not_there_is_named(home: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read catalogue .*none.csv: No such file"):
        image_folder(catalogue=home / "none.csv", source="near", target="far")


def test_a_folder_in_place_of_a_catalogue_says_what_it_holds(home: Path) -> None:
    with pytest.raises(DataError, match=r"is a folder, which holds no CSV and PNG, JPEG, FITS or NPY images; want"):
        image_folder(catalogue=home, source="near", target="far")


def test_a_folder_without_images_says_so(tmp_path: Path) -> None:
    found = refused(tmp_path, [COLUMNS, *rows()])
    assert "row 2 of sky.csv: no image 0.npy (and 11 more)" in found
    assert "holds sky.csv and no PNG, JPEG, FITS or NPY images" in found


def test_a_missing_image_names_its_row(home: Path) -> None:
    (home / "7.npy").unlink()
    assert "row 9 of sky.csv: no image 7.npy; paths are relative to" in refused(home, [COLUMNS, *rows()])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["path,lable,domain", *rows()], "has no column 'label'; did you mean 'lable'? known: domain, lable, path"),
        ([], "has no column 'path'"),
        ([COLUMNS], "lists no images"),
        ([COLUMNS, *rows(), "3.npy,a,"], "row 14 of sky.csv has no domain; give it one"),
        ([COLUMNS, *rows(), ",a,near"], "row 14 of sky.csv has no path"),
        ([COLUMNS, *rows(), "3.npy,,near"], "row 14 of sky.csv has no label; only target images"),
        ([COLUMNS, *rows(), "3.npy,a, barred,near"], "row 14 of sky.csv has 4 cells for 3 columns; quote a cell that"),
        ([COLUMNS, *rows(), "3.npy,a"], "row 14 of sky.csv has 2 cells for 3 columns; leave a cell empty"),
        ([COLUMNS, *rows(), '"3.npy,a,near'], "row 14 of sky.csv is no CSV (unexpected end of data); close the quotes"),
        ([COLUMNS, *rows(), '"3.npy"x,a,near'], "row 14 of sky.csv is no CSV (',' expected after '\"'); close the"),
        ([COLUMNS, *rows()[:11], '"11.npy,b,far', '12.npy",b,far'], "row 13 of sky.csv has a line break inside a cell"),
        ([COLUMNS, *rows(), "3.npy\0,a,near"], "row 14 of sky.csv has a NUL byte inside a cell"),
        ([COLUMNS + ",label", *(f"{row},a" for row in rows())], "has 2 columns 'label'; keep one"),
        ([COLUMNS, *rows(), "3.gif,a,near"], "row 14 of sky.csv names '3.gif', want one of .png, .jpg"),
        ([COLUMNS + ",split", *(f"{row},trian" for row in rows())], "has split 'trian'; did you mean 'train'?"),
        (
            [COLUMNS + ",split", rows()[0] + ",train", *(f"{row}," for row in rows()[1:])],
            "row 3 of sky.csv has no split",
        ),
        ([COLUMNS + ",split", *(f"{row},train" for row in rows())], "domain 'near' has no valid images"),
        ([COLUMNS, *(row.replace(",b,", ",a,") for row in rows())], "one class only (a); want two or more"),
        ([COLUMNS, *rows()[:5], *rows()[6:]], "source 'near' has 2 images of class 'b', want 3 or more"),
    ],
)
def test_bad_rows_and_columns_are_one_line(home: Path, lines: list[str], message: str) -> None:
    assert message in refused(home, lines)


@pytest.mark.parametrize(("name", "separator"), [("tabs", "\t"), ("semicolons", ";"), ("bars", "|"), ("spaces", " ")])
def test_another_separator_is_named(home: Path, name: str, separator: str) -> None:
    found = refused(home, [line.replace(",", separator) for line in [COLUMNS, *rows()]])
    assert found.endswith(f"sky.csv is separated by {name}; want commas: save it as CSV with commas")


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n\n"])
def test_lines_may_end_in_any_way(home: Path, ending: str) -> None:
    lines = [COLUMNS, *('"{}",{},{}'.format(*row.split(",")) for row in rows())]
    (home / "sky.csv").write_text(ending.join(lines), encoding="utf-8", newline="")
    dataset = image_folder(catalogue=home / "sky.csv", source="near", target="far", size=4)
    assert sum(len(part.ids) for part in (dataset.train, dataset.valid, dataset.tests["near"])) == 6
    assert dataset.notes == ("2 of 12 rows are left out, drawn to validate, which the target does not: 2 of 'far'",)


def test_rows_that_are_left_out_are_counted(home: Path) -> None:
    more = [f"{number}.npy,a,{domain}" for number, domain in enumerate(["moon", "moon", "mars"])]
    (home / "sky.csv").write_text("\n".join([COLUMNS, *rows(), *more]))
    dataset = image_folder(catalogue=home / "sky.csv", source="near", target="far", size=4)
    assert dataset.notes == (
        "2 of 15 rows are left out, drawn to validate, which the target does not: 2 of 'far'",
        "3 of 15 rows are left out, whose domain is not source, target or in tests: 1 of 'mars', 2 of 'moon'",
    )


def test_rows_of_splits_that_are_not_used_are_counted(home: Path) -> None:
    sides = ["train", "train", "valid", "test", "train", "train"]
    lines = [f"{row},{side}" for row, side in zip(rows(), sides * 2, strict=True)]
    else_ = [f"{number}.npy,{'ab'[number % 2]},else,{side}" for number, side in enumerate(sides)]
    (home / "sky.csv").write_text(
        "\n".join([COLUMNS + ",split,id", *(f"{row},{n}" for n, row in enumerate(lines + else_))])
    )
    dataset = image_folder(catalogue=home / "sky.csv", source="near", target="far", tests=("else",), size=4)
    assert dataset.notes == (
        "4 of 18 rows are left out, marked train in a domain that is only tested: 4 of 'else'",
        "1 of 18 rows are left out, marked valid in a domain that is only tested: 1 of 'else'",
        "1 of 18 rows are left out, marked valid in the target: 1 of 'far'",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "naer"}, "no domain 'naer' in the catalogue; did you mean 'near'? known: far, near"),
        ({"tests": ("moon",)}, "no domain 'moon' in the catalogue"),
        ({"target": "near"}, "domain 'near' is asked for twice"),
        ({"classes": ("a", "bb")}, "row 3 of sky.csv has label 'b'; did you mean 'bb'?"),
        ({"classes": ("a", "b", "a")}, "name one twice"),
        ({"classes": ("a", "b", "c")}, "source 'near' has 0 images of class 'c'"),
        ({"size": -1}, "want a size of 0 or more"),
        ({"bands": ()}, "at least one band"),
    ],
)
def test_options_that_do_not_fit_are_one_line(home: Path, options: dict[str, Any], message: str) -> None:
    assert message in refused(home, [COLUMNS, *rows()], **options)


def test_a_label_out_of_range_is_named(home: Path) -> None:
    lines = [row.replace(",a,", ",0,").replace(",b,", ",1,") for row in rows()]
    found = refused(home, [COLUMNS, *lines[:-1], "11.npy,2,far"], classes=("x", "y"))
    assert found == "row 13 of sky.csv has label 2, want 0 … 1 for x, y"


def test_an_object_on_two_sides_is_refused(home: Path) -> None:
    sides = ["train", "valid", "test"] * 4
    lines = [f"{row},{side},{number % 6}" for number, (row, side) in enumerate(zip(rows(), sides, strict=True))]
    lines[6] = lines[6].replace("train", "test")
    assert "object '0' is in train and test; keep it on one side" in refused(home, [COLUMNS + ",split,id", *lines])


def test_a_class_that_is_never_trained_on_is_refused(home: Path) -> None:
    sides = ["train", "test", "train", "test", "valid", "test", *["train", "test"] * 3]
    lines = [f"{row},{side}" for row, side in zip(rows(), sides, strict=True)]
    assert "class 'b' but none to train on; mark some as train" in refused(home, [COLUMNS + ",split", *lines])


def test_images_of_different_shapes_need_a_size(home: Path) -> None:
    np.save(home / "3.npy", np.zeros((5, 6), np.float32))
    found = refused(home, [COLUMNS, *rows()], size=0)
    assert "give a size to resize all to" in found
    assert "6x5" in found


def test_nan_pixels_name_row_and_file(home: Path) -> None:
    np.save(home / "3.npy", np.full((4, 4), np.nan, np.float32))
    found = refused(home, [COLUMNS, *rows()])
    assert found.startswith("row 5 of sky.csv: ")
    assert "3.npy has 16 NaN or infinite pixels; mend or drop it" in found


def test_an_image_that_cannot_be_decoded_names_its_row(home: Path) -> None:
    (home / "3.jpg").write_bytes(b"\xff\xd8 no picture")
    assert "row 14 of sky.csv: cannot decode" in refused(home, [COLUMNS, *rows(), "3.jpg,a,near"])


def test_a_file_that_is_no_text_is_one_line(home: Path) -> None:
    (home / "sky.csv").write_bytes(b"\xff\xfe\x00\x01path")
    with pytest.raises(DataError, match=r"is no CSV in UTF-8 .* save it as one"):
        image_folder(catalogue=home / "sky.csv", source="near", target="far")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [COLUMNS, *rows(), "3.npy,b,near"],
            "rows 5 and 14 of sky.csv are one image, 3.npy, listed 2 times in domain 'near'; keep one of the rows",
        ),
        (
            [COLUMNS, *rows(), "./3.npy,a,near"],
            "rows 5 and 14 of sky.csv are one and the same image (equal bytes) with labels a and b; an image has one",
        ),
        (
            [COLUMNS, *rows(), "3.npy,a,far"],
            "rows 5 and 14 of sky.csv are one and the same image (equal bytes) with labels a and b; an image has one",
        ),
        (
            [COLUMNS + ",id", *(f"{row},g{number % 5}" for number, row in enumerate(rows()))],
            "of sky.csv show one object, 'g0', with labels a and b; an object has one label: mend the labels, or give",
        ),
    ],
)
def test_rows_that_contradict_one_another_are_named_before_training(home: Path, lines: list[str], message: str) -> None:
    assert message in refused(home, lines)
