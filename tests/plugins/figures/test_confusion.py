"""What a sheet of confusion matrices shows, read back from the drawing and held against the score."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from astrobench import DataError
from astrobench_figures.confusion import confusion, ink_on
from astrobench_scores.confusion import confusion as scored
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

CLASSES = ("spiral", "elliptical", "merger")


@pytest.fixture
def guessed(prediction):
    """Return the maker of predictions of 30 images, by seed."""

    def made(seed, **changed):
        rng = np.random.default_rng(seed)
        values = {
            "ids": np.array([f"g{n}" for n in range(30)]), "labels": rng.integers(0, 3, 30),
            "logits": rng.normal(size=(30, 3)).astype(np.float32), "latent": np.zeros((30, 2), np.float32),
            "classes": CLASSES, "task": "classification",
        }  # fmt: skip
        return prediction(**{**values, **changed})

    return made


def painted(cells):
    (sheet,) = confusion(cells)
    figure = Figure()
    sheet.paint(figure)
    return figure.axes[:-1]


def test_matrices_of_source_other_and_attacked_stand_side_by_side_normalised_by_row(exhibit, guessed):
    said = [guessed(seed) for seed in range(3)]
    cells = [exhibit("A", said[0]), exhibit("B", said[1])]
    cells += [exhibit("A", said[2], clean=False, perturbation="one_pixel")]
    panels = painted(cells)
    assert [axes.get_title().split("\n")[0] for axes in panels] == ["A (source)", "B (other)", "A, one_pixel"]
    for axes, one in zip(panels, said, strict=True):
        taken = one.logits.argmax(1)
        counts = confusion_matrix(one.labels, taken)
        percent = 100 * confusion_matrix(one.labels, taken, normalize="true")
        np.testing.assert_allclose(axes.images[0].get_array(), percent)
        words = [text.get_text().replace(" %", "").split() for text in axes.texts]
        assert [[int(a), int(b)] for a, b in words] == [
            [round(p), n] for p, n in zip(percent.ravel(), counts.ravel(), strict=True)
        ]
        assert axes.get_title().endswith(f"30 images, {100 * np.mean(taken == one.labels):.1f} % right")
    assert panels[0].get_ylabel() == "seed 0\ntrue class"
    assert panels[0].get_xlabel() == "predicted class"
    assert [label.get_text() for label in panels[0].get_xticklabels()] == list(CLASSES)


def test_a_cell_says_what_the_score_says_though_some_logits_are_not_finite(exhibit, guessed):
    said = guessed(4)
    said.logits[:5] = np.nan
    (axes,) = painted([exhibit("A", said)])
    scores = [score.value for score in scored(said, said).values()]
    np.testing.assert_allclose(axes.images[0].get_array().ravel(), 100 * np.array(scores))


def test_a_class_without_images_is_told_and_not_a_number(exhibit, guessed):
    (axes,) = painted([exhibit("A", guessed(5, labels=np.zeros(30, np.int64)))])
    assert [text.get_text() for text in axes.texts][3:] == ["no image"] * 6


@pytest.mark.parametrize("classes", [4, 12, 13, 60, 1000])
def test_many_classes_have_no_numbers_in_cells_and_names_that_do_not_touch(exhibit, guessed, classes):
    names = tuple(f"a class of galaxies, {number}" for number in range(classes))
    labels, eye = np.arange(2 * classes) % (classes - 1), np.eye(classes, dtype=np.float32)
    said = guessed(
        0, ids=np.array([f"g{n}" for n in range(2 * classes)]), labels=labels, logits=eye[labels], classes=names,
        latent=np.zeros((2 * classes, 2), np.float32),
    )  # fmt: skip
    (sheet,) = confusion([exhibit("A", said), exhibit("B", said)])
    assert max(sheet.inches) < 30
    figure = Figure(sheet.inches, layout="constrained")
    sheet.paint(figure)
    figure.draw_without_rendering()
    panels = figure.axes[:-1]
    assert [len(axes.texts) for axes in panels] == [classes**2 if classes <= 12 else 0] * 2
    assert ("1 without an image" in panels[0].get_title()) == (classes > 12)
    for axis, along in ((panels[0].xaxis, "x"), (panels[0].yaxis, "y")):
        words = axis.get_ticklabels()
        assert words[0].get_text() == "a class of galaxi…"
        assert len(words) >= min(classes, 50)
        boxes = sorted((box.get_window_extent() for box in words), key=lambda box: getattr(box, f"{along}0"))
        for one, next_one in pairwise(boxes):
            assert getattr(one, f"{along}1") <= getattr(next_one, f"{along}0") + 0.5


def test_a_row_is_a_seed_and_a_sheet_a_method(exhibit, guessed):
    cells = [exhibit("A", guessed(n), method=name, seed=n) for name in ("source_only", "mmd") for n in range(2)]
    sheets = list(confusion(cells))
    assert [sheet.labels for sheet in sheets] == [("T", "cnn", "source_only"), ("T", "cnn", "mmd")]
    figure = Figure()
    sheets[1].paint(figure)
    assert [axes.get_ylabel() for axes in figure.axes[:2]] == ["seed 0\ntrue class", "seed 1\ntrue class"]


def test_steps_of_a_severity_curve_are_left_to_its_figure(exhibit, guessed):
    from astrobench.severities import Point

    step = exhibit("A", guessed(1), clean=False, perturbation="psf", point=Point("psf", 1.0, "arcsec"))
    assert len(painted([exhibit("A", guessed(0)), step])) == 1


@pytest.mark.parametrize("grey", np.linspace(0, 1, 11))
def test_ink_has_the_contrast_that_is_asked_of_small_text(grey):
    linear = grey / 12.92 if grey <= 0.04045 else ((grey + 0.055) / 1.055) ** 2.4
    ink = {"white": 1.0, "black": 0.0}[ink_on((grey, grey, grey, 1.0))]
    assert (max(ink, linear) + 0.05) / (min(ink, linear) + 0.05) >= 4.5  # WCAG 2.1, level AA


def test_a_regression_has_no_class_to_be_taken_for(exhibit):
    with pytest.raises(DataError, match="figure 'confusion' draws what each class was taken for, and no stored cell"):
        list(confusion([exhibit("A"), exhibit("B")]))
