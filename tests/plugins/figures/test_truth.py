"""What a panel of truth against prediction shows, read back from the drawing."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench_figures.truth import truth
from matplotlib.figure import Figure


@pytest.fixture
def panels(exhibit):
    (sheet,) = truth([exhibit("A"), exhibit("B")])
    figure = Figure()
    sheet.paint(figure)
    return figure.axes


def test_a_row_is_a_domain_and_a_column_a_target(panels):
    assert [axes.get_ylabel() for axes in panels] == ["inferred Omega_m", "inferred sigma_8"] * 2
    assert [axes.get_xlabel() for axes in panels[2:]] == ["true Omega_m", "true sigma_8"]
    assert [axes.get_title().split(" ")[0] for axes in panels] == ["A", "A", "B", "B"]


def test_the_title_tells_the_error_that_was_put_in(panels):
    assert "R² 1.00" in panels[0].get_title()
    assert "RMSE 0.2" in panels[2].get_title()


def test_one_map_an_object_has_an_error_bar_of_the_inferred_width(panels, prediction):
    (bars,) = panels[0].containers
    lines = np.array(bars.lines[2][0].get_segments())
    assert len(lines) == len(set(prediction().objects))
    np.testing.assert_allclose(lines[:, 1, 1] - lines[:, 0, 1], 2 * 0.05, rtol=1e-5)


def test_a_target_whose_truth_is_not_known_says_so(exhibit, prediction):
    labels = prediction().labels.copy()
    labels[:, 1] = np.nan
    (sheet,) = truth([exhibit("A"), exhibit("B", prediction(0.2, labels=labels))])
    figure = Figure()
    sheet.paint(figure)
    assert figure.axes[3].get_title() == "B (other): the truth is not known"
