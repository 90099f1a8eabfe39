"""A catalogue whose target has no label, or a few: what is adapted to, what is tested on, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench import DataError, Dataset, Labelled, Unlabelled
from astrobench_galaxies.image_folder import image_folder
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OBJECTS = 20


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))


def opened(
    home: Path, label: Callable[[str, int], str], *, paired: bool, split: Callable[[str, int], str] | None = None,
    **options: Any,
) -> Dataset:  # fmt: skip
    """Open a catalogue of 20 objects of each of three domains."""
    stream, domains = np.random.default_rng(0), ("near", "far", "else")
    lines = ["path,label,domain" + (",id" if paired else "") + (",split" if split else "")]
    for number in range(OBJECTS):
        for domain in domains:
            name = f"{domain}-{number}.png"
            Image.fromarray(stream.integers(0, 200, (8, 8, 3), dtype=np.uint8)).save(home / name)
            more = ([f"g{number}"] if paired else []) + ([split(domain, number)] if split else [])
            lines.append(",".join([name, label(domain, number), domain, *more]))
    (home / "sky.csv").write_text("\n".join(lines) + "\n")
    return image_folder(catalogue=home / "sky.csv", source="near", target="far", size=8, **options)


def labelled(**domains: int) -> Callable[[str, int], str]:
    """Label the first so many objects of these domains, and no others."""
    return lambda domain, number: "ab"[number % 2] if number < domains.get(domain, 0) else ""


@pytest.mark.parametrize("paired", [True, False])
def test_a_target_without_a_label_is_adapted_to_and_predicted_whole(tmp_path: Path, paired: bool) -> None:
    found = opened(tmp_path, labelled(near=OBJECTS), paired=paired)
    near, far = found.tests["near"], found.tests["far"]
    assert isinstance(near, Labelled)
    assert not isinstance(far, Labelled)
    assert [len(part.ids) for part in (found.train, found.valid, near, far)] == [14, 2, 4, OBJECTS]
    assert len(found.target.ids) == (14 if paired else OBJECTS)
    assert set(found.target.ids) <= set(far.ids)
    assert not set(found.target.ids) & set(near.ids)
    assert np.bincount(near.labels).tolist() == [2, 2]
    assert found.oracle is None
    assert found.notes[0] == (
        f"'far' has no labels: all of its 20 images are predicted, and {len(found.target.ids)} of them are adapted to"
    )


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("few", [1, 3])
def test_a_few_labels_are_tested_on_and_the_others_adapted_to(tmp_path: Path, paired: bool, few: int) -> None:
    found = opened(tmp_path, labelled(near=OBJECTS, far=few), paired=paired)
    far = found.tests["far"]
    assert isinstance(far, Labelled)
    assert len(far.ids) == few
    assert sorted(far.labels.tolist()) == sorted(number % 2 for number in range(few))
    assert not set(far.ids) & (set(found.target.ids) | set(found.train.ids) | set(found.valid.ids))
    assert paired or len(found.target.ids) == OBJECTS - few
    assert len(found.target.ids) >= 10
    left = OBJECTS - few - len(found.target.ids)
    told = f"{left} of 60 rows are left out, without a label, and their object is validated or tested: {left} of 'far'"
    assert (told in found.notes) == bool(left)


def test_most_labels_are_split_as_ever(tmp_path: Path) -> None:
    found = opened(tmp_path, labelled(near=OBJECTS, far=16), paired=False)
    far = found.tests["far"]
    assert isinstance(far, Labelled)
    assert len(far.ids) < 16
    assert (np.unique(far.labels).tolist(), set(far.ids) & set(found.target.ids)) == ([0, 1], set())


def test_another_test_domain_may_have_no_label_or_some(tmp_path: Path) -> None:
    found = opened(tmp_path, labelled(near=OBJECTS, far=OBJECTS), paired=False, tests=("else",))
    assert not isinstance(found.tests["else"], Labelled)
    assert len(found.tests["else"].ids) == OBJECTS
    assert found.notes[0] == "'else' has no labels: all of its 20 images are predicted"
    found = opened(tmp_path, labelled(near=OBJECTS, far=OBJECTS, **{"else": 5}), paired=False, tests=("else",))
    assert isinstance(found.tests["else"], Labelled)
    assert len(found.tests["else"].ids) == 5
    told = "15 of 60 rows are left out, without a label in a domain that is only tested: 15 of 'else'"
    assert told in found.notes


def sides(domain: str, number: int) -> str:
    return "train" if number < 12 else "valid" if number < 14 else "test"


def test_a_split_column_says_what_is_adapted_to(tmp_path: Path) -> None:
    found = opened(tmp_path, labelled(near=OBJECTS), paired=True, split=sides)
    assert isinstance(found.tests["far"], Unlabelled)
    assert [len(part.ids) for part in (found.target, found.tests["far"], found.tests["near"])] == [12, OBJECTS, 6]


@pytest.mark.parametrize(
    ("label", "split", "told"),
    [
        (
            labelled(far=OBJECTS),
            None,
            "source 'near' has no label: a network learns from the labels of its source; lab",
        ),
        (
            labelled(),
            None,
            "source 'near' has no label: a network learns from the labels of its source; label its rows",
        ),
        (labelled(near=18), None, "of sky.csv has no label; only target images to train on may go without"),
        (labelled(near=OBJECTS, far=16), sides, "has no label; only target images to train on may go without, or all"),
    ],
)
def test_what_cannot_be_learned_or_tested_is_one_sentence(tmp_path: Path, label: Any, split: Any, told: str) -> None:
    with pytest.raises(DataError) as fault:
        opened(tmp_path, label, paired=False, split=split)
    assert told in str(fault.value)
