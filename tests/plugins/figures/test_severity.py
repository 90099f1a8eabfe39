"""What a sheet of severity curves shows, read back from the drawing."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench import DataError
from astrobench.severities import Point
from astrobench_figures.axes import ruler_of
from astrobench_figures.looks import looks_of
from astrobench_figures.rates import rate_of
from astrobench_figures.severity import severity
from astrobench_figures.sheet import files_of
from matplotlib.figure import Figure
from scipy import stats

IDS = np.array([f"g{n:03d}" for n in range(40)])


@pytest.fixture
def rated(exhibit, prediction):
    """Return the maker of cells of domain A of which so many of 40 images are right."""

    def made(right, *, point=None, ids=IDS, **changed):
        labels, logits = np.arange(len(ids)) % 3, np.zeros((len(ids), 3), np.float32)
        wrong = np.arange(len(ids)) >= right
        logits[np.arange(len(ids)), (labels + wrong) % 3] = 1.0
        said = prediction(
            ids=ids,
            labels=labels,
            logits=logits,
            latent=logits,
            classes=("a", "b", "c"),
            task="classification",
            objects=None,
        )
        changed = {"key": f"{right:02d}{changed.get('seed', 0)}" + "0" * 61, **changed}
        return exhibit("A", said, point=point, clean=point is None, **changed)

    return made


def blur(width):
    return Point("psf", width, "arcsec", harmless=0.0)


def dead(fraction):
    return Point("dead", fraction, "of pixels", harmless=0.0)


def quality(value):
    return Point("jpeg", value, "quality", harder="lower")


def painted(cells):
    (sheet,) = severity(cells)
    figure = Figure()
    sheet.paint(figure)
    *panels, legend = figure.axes
    return panels, [text.get_text() for text in legend.get_legend().get_texts()], legend.get_legend().get_title()


def bars_of(axes, number=0):
    """Return x, accuracies and both ends of a method's bars, in per cent."""
    (line, _, (bars,)) = axes.containers[number].lines
    ends = np.array(bars.get_segments())[:, :, 1]
    return line.get_xdata(), line.get_ydata(), ends[:, 0], ends[:, 1]


def test_a_panel_a_curve_goes_from_the_unperturbed_to_the_hardest(rated):
    cells = [rated(36), rated(10, point=quality(5)), rated(30, point=quality(90)), rated(24, point=blur(1.2))]
    (jpeg, psf), _, _ = painted(cells)
    assert (jpeg.get_title(), psf.get_title()) == ("jpeg", "psf")
    np.testing.assert_allclose(bars_of(jpeg)[1], [90, 75, 25])
    assert [label.get_text() for label in jpeg.get_xticklabels()] == ["none", "90", "5"]
    x = bars_of(jpeg)[0]
    assert jpeg.get_xscale() == "log"
    assert x[0] > x[1] > x[2]
    assert jpeg.get_xlim()[0] > jpeg.get_xlim()[1]  # so the hardest is on the right
    assert [label.get_text() for label in psf.get_xticklabels()] == ["0", "1.2"]
    assert psf.get_xlabel() == "severity [arcsec]"


def test_a_guess_and_half_of_the_margin_are_lines(rated):
    (axes,), words, _ = painted([rated(36), rated(20, point=blur(1.0))])
    levels = [line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[1] == 1]
    assert sorted(levels[:2]) == pytest.approx([100 / 3, (90 + 100 / 3) / 2])
    assert words == ["source_only", "half of its margin over a guess", "a guess (33 %)"]


def test_bars_are_student_s_over_seeds_with_that_over_images_and_say_so(rated):
    rights = np.array([36, 30, 33])
    cells = [rated(n, seed=seed) for seed, n in enumerate(rights)]
    cells += [rated(n - 16, seed=seed, point=blur(1.0)) for seed, n in enumerate(rights)]
    (axes,), _, title = painted(cells)
    _, middle, low, high = bars_of(axes)
    assert middle == pytest.approx([82.5, 42.5])
    seeds = stats.t.ppf(0.975, 2) * stats.sem(rights / 40)
    outcomes = np.mean([np.arange(40) < n - 16 for n in rights], axis=0)
    images = stats.t.ppf(0.975, 41) * np.sqrt((((outcomes**2).sum() + 1) / 42 - (outcomes.sum() / 42) ** 2) / 42)
    half = 100 * np.hypot(seeds, images)
    assert (low[1], high[1]) == pytest.approx((42.5 - half, 42.5 + half))
    assert high[0] == 100
    assert "95 % interval over 3 seeds and images" in title.get_text()
    assert title.get_text().endswith("dashes: each seed")
    dashes = [line.get_ydata() for line in axes.lines if line.get_marker() == "_"]
    np.testing.assert_allclose(dashes, [rights / 0.4, (rights - 16) / 0.4])


def test_with_one_seed_the_interval_is_over_images_and_covers_as_often_as_it_says(rated):
    rng, covered = np.random.default_rng(3), 0
    for _ in range(300):
        found = rate_of([rated(int(rng.binomial(40, 0.7)))])
        covered += found.low <= 0.7 <= found.high
    assert covered / 300 > 0.92
    (_, _, title) = painted([rated(36), rated(20, point=blur(1.0))])
    assert "over images (one seed)" in title.get_text()


def test_seeds_are_compared_on_the_images_that_all_of_them_met(rated):
    found = rate_of([rated(40), rated(10, ids=IDS[20:], seed=1)])
    assert (found.images, found.value) == (20, 0.75)


def test_a_step_that_fewer_images_met_is_told(rated):
    (axes,), _, _ = painted([rated(36), rated(5, ids=IDS[:10], point=blur(1.0))])
    assert axes.get_title() == "psf (10 images)"


def test_methods_differ_in_colour_marker_and_line(rated):
    cells = [
        rated(n, method=name, point=point)
        for n, name in ((36, "source_only"), (38, "mmd"))
        for point in (None, blur(1.0))
    ]
    (axes,), words, _ = painted(cells)
    assert words[:2] == ["source_only", "mmd"]
    assert bars_of(axes, 0)[0][0] < bars_of(axes, 1)[0][0]  # bars stand beside one another
    looks = looks_of([f"m{n}" for n in range(22)])
    assert len({(look.colour, look.marker) for look in looks.values()}) == 22


def test_severities_of_a_decade_are_spread_by_their_logarithm():
    ruler = ruler_of([dead(0.01), dead(0.1), dead(1.0)])
    assert (ruler.log, ruler.placed, ruler.unit) == (True, False, "of pixels")
    assert ruler.places == pytest.approx([0.001, 0.01, 0.1, 1.0])
    assert ruler.label == "fraction of pixels"
    assert ruler_of([blur(0.3), blur(1.0)]).places == pytest.approx([0, 0.3, 1.0])


def test_metadata_name_every_cell_and_the_foot_the_unperturbed(rated):
    cells = [rated(36), rated(20, point=blur(1.0))]
    (sheet,) = severity(cells)
    told = sheet.origin().replace("\N{NO-BREAK SPACE}", " ")
    assert told.endswith(f"source_only seed 0 unperturbed {cells[0].key[:12]}")
    svg = dict(files_of(sheet))["svg"].decode()
    assert all(one.key in svg for one in cells)


def test_cells_that_lie_on_no_curve_are_refused(rated, exhibit):
    for cells in ([rated(36)], [exhibit("A", point=blur(1.0), clean=False)], []):
        with pytest.raises(DataError, match="figure 'severity' draws accuracy against severity, and no stored cell"):
            list(severity(cells))
