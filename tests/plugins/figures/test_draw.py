"""Files of figures: what they say, what they need, and what is refused."""

from __future__ import annotations

import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import figures_toy as toy
import numpy as np
import pytest
from astrobench import DataError, SuiteError
from astrobench_figures import FIGURES, draw
from astrobench_figures.sheet import Names, files_of
from astrobench_figures.truth import truth
from PIL import Image


def drawn(exhibits, *names):
    """Return the files by name, and what was said of figures that were left out."""
    files: dict[str, bytes] = {}
    return files, list(draw(exhibits, names, files.__setitem__))


def words_of(svg: bytes) -> str:
    return " ".join(ET.fromstring(svg).itertext())


@pytest.mark.parametrize(
    ("name", "stem", "origin"),
    [
        ("cka", "cka-T-cnn-source_only-seed-0-A-to-B", ("cell A " + "a" * 64, "cell B " + "b" * 64)),
        ("truth", "truth-T-cnn-source_only-seed-0-A-to-B", ("cell A " + "a" * 64, "cell B " + "b" * 64)),
        ("maps", "maps-T-A-and-B", ("dataset " + "d" * 64,)),
    ],
)
def test_a_figure_is_a_png_and_an_svg_that_name_their_records_and_say_synthetic(exhibit, name, stem, origin):
    files, left_out = drawn([exhibit("A"), exhibit("B")], name)
    assert list(files) == [f"{stem}.png", f"{stem}.svg"]
    assert left_out == []
    picture = Image.open(io.BytesIO(files[f"{stem}.png"]))
    assert min(picture.size) > 500
    for told in (words_of(files[f"{stem}.svg"]), " ".join(map(str, picture.info.values()))):
        said = told.replace("\N{NO-BREAK SPACE}", " ")
        assert "synthetic" in said
        assert all(word in said for word in (*origin, "suite toy version 3", "profile tiny"))


@pytest.mark.parametrize("name", ["church", "flipped", "gradcam", "isomap", "isomap_movie"])
def test_figures_of_twins_name_the_domains_that_are_not_paired(name):
    learned, other, attacked = toy.cells()
    apart = replace(other.predicted(), ids=np.array([f"x{n:02d}" for n in range(24)]))
    cells = [learned, replace(other, predicted=lambda: apart), attacked]
    with pytest.raises(DataError) as told:
        drawn(cells, name)
    assert str(told.value).startswith(f"figure {name!r} draws ")
    assert str(told.value).endswith(
        "and no image of 'Y10' has the id of one of 'Y1': the domains of suite 'toy' are not paired"
    )


def test_nothing_is_called_synthetic_that_is_not(exhibit):
    for synthetic, heading in ((True, "Inferred against true (synthetic data)"), (False, "Inferred against true")):
        (sheet,) = truth([exhibit(domain, synthetic=synthetic) for domain in "AB"])
        assert sheet.title.splitlines() == [heading, "T, cnn, source_only, seed 0, A to B"]


def test_drawn_anew_a_file_has_the_same_bytes(exhibit):
    (sheet,) = truth([exhibit("A"), exhibit("B")])
    assert dict(files_of(sheet)) == dict(files_of(sheet))


def test_labels_that_leave_one_file_name_leave_two_files(exhibit):
    named = Names()
    for method, key, stem in (
        ("mmd(1)", "1", "truth-T-cnn-mmd-1-seed-0-A-to-B"),
        ("mmd/1", "2", "truth-T-cnn-mmd-1-seed-0-A-to-B-22222222"),
    ):
        (sheet,) = truth([exhibit(domain, method=method, key=key * 64) for domain in "AB"])
        assert named.of("truth", sheet) == stem


def test_a_perturbed_cell_and_a_training_without_another_domain_have_no_sheet(exhibit):
    cells = [exhibit("A"), exhibit("B"), exhibit("B", perturbation="psf", clean=False), exhibit("A", seed=1)]
    (sheet,) = truth(cells)
    assert sheet.exhibits == (cells[0], cells[1])


def test_an_unknown_figure_is_told_from_the_known_ones(exhibit):
    known = ", ".join(sorted(FIGURES))
    with pytest.raises(SuiteError, match=rf"unknown figure 'map'; did you mean 'maps'\? known: {known}"):
        drawn([exhibit("A"), exhibit("B")], "map")


def test_a_named_figure_of_cells_that_lack_what_it_draws_is_refused_and_draws_nothing(exhibit, prediction, dataset):
    bare = prediction(grams=None)
    classes = prediction(task="classification", labels=np.zeros(12, np.int64))
    other_ids = dataset(ids=np.array([f"x{n}" for n in range(12)]))
    for name, changed, sentence in (
        ("cka", {"prediction": bare}, "no stored cell has Gram matrices of at least 4 images .*set predict.cka_images"),
        ("cka", {"prediction": prediction(grams=np.ones((3, 4, 3, 3)))}, "no stored cell has Gram matrices"),
        ("truth", {"prediction": classes}, "draws regressions, and suite 'toy' has cells of classification only"),
        ("maps", {"opened": lambda: other_ids}, "draws images of equal id in two domains, and no stored dataset has"),
    ):
        files: dict[str, bytes] = {}
        with pytest.raises(DataError, match=sentence):
            list(draw([exhibit("A", **changed), exhibit("B", **changed)], [name], files.__setitem__))
        assert files == {}


def test_without_a_name_all_that_can_be_is_drawn_and_the_rest_is_told(exhibit, prediction, dataset):
    bare, other_ids = prediction(grams=None), dataset(ids=np.array([f"x{n}" for n in range(12)]))
    files, told = drawn([exhibit(domain, bare, opened=lambda: other_ids) for domain in "AB"])
    shown = {name.split("-")[0] for name in files}
    assert "truth" in shown
    assert not {"cka", "maps", "church"} & shown
    assert [sentence.split("'")[1] for sentence in told] == [name for name in FIGURES if name not in shown]


def test_cells_that_no_figure_can_show_are_refused(exhibit):
    with pytest.raises(DataError, match=r"figure 'cka'.*figure 'truth'.*figure 'maps'"):
        drawn([exhibit("A")])


def test_figures_need_no_display_and_their_package_no_matplotlib_until_it_draws():
    code = (
        "import sys, astrobench_figures as figures\n"
        "assert not {'matplotlib', 'torch', 'numpy'} & sys.modules.keys()\n"
        "import astrobench_figures.sheet\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_figure_is_in_a_file_of_its_name():
    assert {name: f"astrobench_figures.{name}:{name}" for name in FIGURES} == FIGURES
