"""What every sheet of twins says of itself, and what is left out of many."""

from __future__ import annotations

from dataclasses import replace

import figures_toy as toy
import pytest
from astrobench import DataError
from astrobench_figures.church import church
from astrobench_figures.flipped import flipped
from astrobench_figures.gradcam import gradcam
from astrobench_figures.isomap import isomap
from astrobench_figures.isomap_movie import isomap_movie
from astrobench_figures.marks import above_key, class_patches
from astrobench_figures.sheet import Names, _laid_out
from matplotlib.figure import Figure

FIGURES = [church, flipped, gradcam, isomap, isomap_movie]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_sheet_says_synthetic_and_names_the_three_cells_of_each_method(figure):
    for sheet in figure(toy.cells(["source_only", "mmd"])):
        assert "(synthetic data)" in sheet.title
        told = sheet.origin(digits=64).replace("\N{NO-BREAK SPACE}", " ")
        assert "suite toy version 3, profile tiny" in told
        for cell in sheet.exhibits:
            pixel = "" if cell.clean else " one_pixel"
            assert f"{cell.method} {cell.domain}{pixel} {cell.key}" in told
        assert len(sheet.exhibits) == 3 * len({cell.method for cell in sheet.exhibits})
    (real,) = figure(toy.cells(synthetic=False))
    assert "synthetic" not in real.title
    assert Names().of(figure.__name__, real) == f"{figure.__name__}-mock-net-source_only-seed-0-Y10-to-Y1-one_pixel"


def test_nothing_is_cut_and_the_key_lies_between_the_panels_and_the_foot():
    (sheet,) = church(toy.cells(["source_only", "mmd_deepadversaries"]))
    labels = (*sheet.labels, *(f"mmd_deepadversaries_{n}" for n in range(4)))
    figure = _laid_out(replace(sheet, labels=labels, inches=(6.5, 5.0)))
    heading, told, _ = figure.texts
    assert told.get_text().count("\n") == 2
    assert told.get_window_extent().y1 <= heading.get_window_extent().y0
    highest = max(axes.get_tightbbox().y1 for axes in figure.axes)
    assert highest <= told.get_window_extent().y0
    for text in figure.texts:
        assert 0 <= text.get_window_extent().x0 < text.get_window_extent().x1 <= figure.bbox.width
    foot = figure.texts[-1].get_window_extent()
    (legend,) = figure.subfigs[1].legends
    lowest = min(axes.get_tightbbox().y0 for axes in figure.axes)
    assert "astrobench suite toy" in figure.texts[-1].get_text()
    assert foot.y1 < legend.get_window_extent().y0 < legend.get_window_extent().y1 < lowest
    assert foot.y0 > 0


def test_many_classes_have_a_key_of_several_lines_within_the_figure():
    figure = Figure((5.0, 4.0))
    above_key(figure, class_patches([f"class {n}" for n in range(10)]))
    (legend,) = figure.subfigs[1].legends
    box = legend.get_window_extent()
    assert [text.get_text() for text in legend.get_texts()] == [f"class {n}" for n in range(10)]
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
    assert 0 <= box.y0 < box.y1 <= figure.subfigs[0].bbox.y0


def test_a_long_list_of_methods_still_makes_a_name_that_a_file_system_takes():
    methods = ["source_only", *(f"sum:{'coral+' * 14}{n}" for n in range(2))]
    (sheet,) = isomap(toy.cells(methods))
    stem = Names().of("isomap", sheet)
    assert len(f"{stem}.png") < 255
    assert stem.endswith(sheet.exhibits[-1].key[:8])


def test_a_training_whose_weights_are_gone_leaves_the_other_seeds_sheets():
    gone = toy.cells(seed=0, network=toy.not_stored)
    for figure in (church, gradcam):
        assert [sheet.exhibits[0].seed for sheet in figure([*gone, *toy.cells(seed=1)])] == [1]
        with pytest.raises(DataError, match="it is not in the store: run the suite again"):
            list(figure(gone))
    assert [sheet.exhibits[0].seed for sheet in flipped(gone)] == [0]
