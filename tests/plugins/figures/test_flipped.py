"""The gallery of flipped galaxies, read back from the drawing."""

from __future__ import annotations

from functools import partial

import figures_toy as toy
import numpy as np
import pytest
from astrobench import DataError, Prediction
from astrobench_figures.flipped import flipped
from astrobench_figures.pictures import bar, coloured, limits_of, replaced, strip_of
from astrobench_figures.twins import twins_of
from astrobench_galaxies.image_folder import image_folder
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image


@pytest.fixture(scope="module")
def panels():
    (sheet,) = flipped(toy.cells())
    figure = Figure((10, 6))
    sheet.paint(figure)
    return figure.axes


@pytest.fixture(scope="module")
def shown():
    """Return the twins and the six of the seven flipped galaxies that are drawn: all but the one in the middle."""
    (twins,) = twins_of(toy.cells())
    ids = twins.flipped()
    assert len(ids) == 7
    return twins, np.delete(ids, 3)


def test_an_attacked_image_is_rebuilt_from_the_facts_as_the_network_met_it():
    (twins,) = twins_of(toy.cells())
    ids = twins.flipped()
    learned, other, attacked = strip_of(twins, ids).images
    rows = twins.rows(ids)
    np.testing.assert_array_equal(attacked, toy.attacked_inputs()[rows[2]])
    parts = toy.dataset().tests
    np.testing.assert_array_equal(learned, parts["Y10"].stretch(parts["Y10"].images)[rows[0]])
    np.testing.assert_array_equal(other, parts["Y1"].stretch(parts["Y1"].images)[rows[1]])


def test_of_two_pixels_in_one_place_the_last_counts():
    facts = {"row": np.array([[1, 0, 1]]), "col": np.array([[2, 0, 2]]), "values": np.arange(6.0).reshape(1, 3, 2)}
    said = Prediction(
        np.array(["a"]), np.zeros((1, 1)), np.zeros((1, 2)), np.zeros(1, np.int64), ("x", "y"), facts=facts
    )
    expected = np.zeros((1, 2, 3, 3))
    expected[0, :, 0, 0], expected[0, :, 1, 2] = (2, 3), (4, 5)
    np.testing.assert_array_equal(replaced(np.zeros((1, 2, 3, 3)), said, np.array([0])), expected)


def test_red_is_i_green_is_r_and_blue_is_g_whatever_the_order_of_the_bands():
    image = np.arange(3.0).reshape(1, 3, 1, 1)
    assert coloured(image, ("g", "r", "i"), (0, 2)).ravel().tolist() == [1, 0.5, 0]
    assert coloured(image, ("i", "g", "r"), (0, 2)).ravel().tolist() == [0, 1, 0.5]
    assert coloured(image[:, :1], ("T",), (-1, 1)).ravel().tolist() == [0.5] * 3


def test_rows_are_learned_other_and_attacked_and_only_the_pixel_is_circled(panels, shown):
    twins, ids = shown
    assert [axes.get_title().split("\n") for axes in panels[:6]] == [
        [name, f"true: {toy.CLASSES[int(name[1:]) % 3]}"] for name in ids
    ]
    strip = strip_of(twins, ids)
    for row, images in enumerate(strip.images):
        for column, image in enumerate(images):
            axes = panels[row * 6 + column]
            picture = coloured(image[None], ("g", "r", "i"), limits_of(strip.images[0][column]))[0]
            np.testing.assert_allclose(axes.images[0].get_array(), picture)
            place = [tuple(circle.center[::-1]) for circle in axes.patches]
            assert place == ([tuple(strip.pixels[column][0])] if row == 2 else [])


def test_below_an_image_stand_its_class_and_probability_and_its_frame_has_the_colour_of_the_class(panels, shown):
    twins, ids = shown
    colours = dict(zip(toy.CLASSES, ("#ffa600", "#bc5090", "#003f5c"), strict=True))
    for row, (said, rows) in enumerate(zip(twins.said, twins.rows(ids), strict=True)):
        shares = np.exp(said.logits) / np.exp(said.logits).sum(1, keepdims=True)
        for axes, place in zip(panels[6 * row : 6 * row + 6], rows, strict=True):
            best = shares[place].argmax()
            assert axes.get_xlabel() == f"{toy.CLASSES[best]} {shares[place, best]:.2f}"
            assert to_hex(axes.spines["left"].get_edgecolor()) == colours[toy.CLASSES[best]]


@pytest.mark.parametrize(
    ("width", "scale", "told", "pixels"),
    [
        (100, 0.2, "5 arcsec", 25),
        (75, 0.06, "1 arcsec", 1 / 0.06),
        (64, 10, "100 arcsec", 10),
    ],
)
def test_a_bar_has_a_round_length_in_arcsec(width, scale, told, pixels):
    axes = Figure().add_subplot()
    bar(axes, width, scale)
    assert axes.texts[0].get_text() == told
    assert np.ptp(axes.lines[0].get_xdata()) == pytest.approx(pixels)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the maker of an image folder of the toy's galaxies, pictures of 16 pixels resized to 8."""
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    rng, lines = np.random.default_rng(5), ["path,label,domain,split,id"]
    extra = [(f"{split}{n}", split) for split in ("train", "valid") for n in range(3)]
    for domain in ("Y10", "Y1"):
        for number, (name, split) in enumerate([*((name, "test") for name in toy.IDS), *extra]):
            picture = rng.integers(0, 255, (16, 20, 3), dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / f"{domain}-{name}.png")
            lines.append(f"{domain}-{name}.png,{toy.CLASSES[number % 3]},{domain},{split},{name}")
    (tmp_path / "sky.csv").write_text("\n".join(lines))
    return partial(image_folder, catalogue=tmp_path / "sky.csv", source="Y10", target="Y1", size=toy.SIDE)


@pytest.mark.parametrize(("scale", "told"), [(None, None), (0.5, "2 arcsec"), (3.0, "10 arcsec")])
def test_pictures_of_a_folder_have_a_bar_only_where_the_scale_is_given_as_long_as_the_resize_makes_it(
    folder, scale, told
):
    given = {} if scale is None else {"pixel_scale": scale}
    (sheet,) = flipped(toy.cells(opened=partial(folder, **given)))
    figure = Figure((10, 6))
    sheet.paint(figure)
    lines = [line for axes in figure.axes for line in axes.lines]
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    if scale is None:
        assert (lines, words) == ([], [])
        return
    (line,), (word,) = lines, words
    assert word == told
    assert np.ptp(line.get_xdata()) == pytest.approx(float(word.split()[0]) / (scale * 16 / toy.SIDE))


def test_records_without_a_flip_are_refused_in_one_line():
    learned, other, attacked = toy.cells()
    facts = {**attacked.predicted().facts, "success": np.zeros(12, bool)}
    said = toy.prediction(toy.network(), toy.IDS[toy.ATTACKED], toy.attacked_inputs(), facts=facts)
    failed = toy.cell("source_only", "Y10", said, toy.network(), perturbation="one_pixel", clean=False)
    for cells in ([learned, other, failed], []):
        with pytest.raises(
            DataError, match=r"figure 'flipped' draws galaxies that an attack on pixels flipped .* has"
        ) as no:
            list(flipped(cells))
        assert "\n" not in str(no.value)
