"""What a sheet of CKA matrices shows, read back from the drawing."""

from __future__ import annotations

import numpy as np
from astrobench import minibatch_cka
from astrobench_figures.cka import cka
from matplotlib.figure import Figure


def painted(*exhibits) -> Figure:
    (sheet,) = cka(exhibits)
    figure = Figure()
    sheet.paint(figure)
    return figure


def test_both_matrices_their_difference_with_0_in_the_middle_and_layer_names(exhibit, prediction):
    learned, other = prediction(), prediction(grams=prediction().grams[::-1] ** 3)
    panels = painted(exhibit("A", learned), exhibit("B", other)).axes[:4]
    matrices = [minibatch_cka(one.grams) for one in (learned, other)]
    shown = [axes.images[0] for axes in panels[:3]]
    for image, truth in zip(shown, (*matrices, matrices[1] - matrices[0]), strict=True):
        np.testing.assert_allclose(image.get_array(), truth)
    assert [image.get_clim() for image in shown[:2]] == [(0, 1)] * 2
    assert shown[2].get_clim()[0] == -shown[2].get_clim()[1] < 0
    assert [text.get_text() for text in panels[0].get_yticklabels()] == ["conv1", "conv2", "head"]
    for line, matrix in zip(panels[3].lines, matrices, strict=True):
        np.testing.assert_allclose(line.get_ydata(), np.sort(np.linalg.eigvalsh(matrix))[::-1])


def test_a_constant_layer_has_no_numbers_and_is_told(exhibit, prediction):
    grams = prediction().grams.copy()
    grams[1] = 0.0
    panels = painted(exhibit("A"), exhibit("B", prediction(grams=grams))).axes[:4]
    assert np.isnan(panels[1].images[0].get_array().filled(np.nan)[1]).all()
    told = [text.get_text() for text in panels[3].get_legend().get_texts()]
    assert told[1] == "B (other): a layer is constant"
