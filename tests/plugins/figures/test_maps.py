"""What a gallery shows, read back from the drawing."""

from __future__ import annotations

import numpy as np
from astrobench_figures.maps import maps
from matplotlib.figure import Figure


def painted(exhibit, opened):
    (sheet,) = maps([exhibit(domain, opened=lambda: opened) for domain in "AB"])
    figure = Figure()
    sheet.paint(figure)
    return figure.axes


def test_rows_are_the_learned_the_other_and_their_ratio_of_the_same_objects(exhibit, dataset):
    opened = dataset()
    panels = painted(exhibit, opened)
    learned, other, change = (panels[row * 2].images[0] for row in range(3))
    np.testing.assert_allclose(learned.get_array(), np.log10(opened.tests["A"].images[0, 0]), rtol=1e-6)
    assert learned.get_clim() == other.get_clim()
    np.testing.assert_allclose(change.get_array(), 1.0, rtol=1e-5)
    assert change.get_clim()[0] == -change.get_clim()[1]
    assert panels[0].get_title() == "sim0/0\nOmega_m 0.30, sigma_8 0.30"
    assert panels[4].get_xlabel() == "x [pixels]"


def test_images_are_matched_by_id_and_not_by_place(exhibit, dataset):
    opened = dataset(ids=dataset().tests["A"].ids[::-1])
    panels = painted(exhibit, opened)
    shown = panels[2].images[0].get_array()
    np.testing.assert_allclose(shown, np.log10(opened.tests["B"].images[-1, 0]), rtol=1e-6)


def test_images_with_negative_pixels_are_shown_as_the_network_sees_them(exhibit, dataset):
    opened = dataset(lowest=-1.0)
    shown = painted(exhibit, opened)[0].images[0].get_array()
    np.testing.assert_allclose(shown, np.arcsinh(opened.tests["A"].images[0, 0]), rtol=1e-6)
