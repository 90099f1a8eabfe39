"""What a sheet of latent distances shows, read back from the drawing and held against the scores."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench import DataError
from astrobench_figures.distances import distances, js_by_chance, js_distance
from astrobench_scores.distance_js import distance_js
from astrobench_scores.latent_distance import latent_distance
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

IDS = np.array([f"g{n:03d}" for n in range(80)])


@pytest.fixture
def placed(prediction):
    """Return the maker of predictions of 80 images somewhere in latent space."""

    def made(seed, spread=1.0, flipped=None, rows=slice(None)):
        rng = np.random.default_rng(seed)
        order = rng.permutation(80)[rows]
        facts = {} if flipped is None else {"success": flipped[order]}
        latent = (spread * rng.normal(size=(80, 4)))[order].astype(np.float32)
        return prediction(
            ids=IDS[order], latent=latent, logits=np.zeros((len(order), 3), np.float32), facts=facts,
            labels=np.zeros(len(order), np.int64), classes=("a", "b", "c"), task="classification",
            objects=None, grams=None,
        )  # fmt: skip

    return made


@pytest.fixture
def compared(exhibit, placed):
    """Return six cells, two methods by three, with what was said of each; some images were flipped by both."""
    said = {
        name: (placed(10 * n), placed(10 * n + 1), placed(10 * n + 2, 1 + n, flipped, slice(70)))
        for n, (name, flipped) in enumerate({"source_only": np.arange(80) < 40, "mmd": np.arange(80) >= 20}.items())
    }
    cells = []
    for name, (learned, other, attacked) in said.items():
        cells += [exhibit("A", learned, method=name), exhibit("B", other, method=name)]
        cells += [exhibit("A", attacked, method=name, clean=False, perturbation="one_pixel")]
    return cells, said


def painted(cells):
    (sheet,) = distances(cells)
    figure = Figure()
    sheet.paint(figure)
    return sheet, figure.axes


def test_panels_are_the_other_domain_and_the_attack_with_the_js_distance_of_the_score(compared):
    cells, said = compared
    sheet, panels = painted(cells)
    assert sheet.labels == ("T", "cnn", "mmd beside source_only")
    assert sheet.exhibits == tuple(dict.fromkeys([cells[0], cells[3], cells[1], cells[4], cells[2], cells[5]]))
    for column, name in ((1, "A to B\n80 images"), (2, "A to one_pixel")):
        pairs = [said[method][row] for method in ("mmd", "source_only") for row in (0, column)]
        score = distance_js(*pairs)["distance_js"]
        title = panels[column - 1].get_title()
        assert title.startswith(name)
        assert f"{score.n} images" in title
        assert f"JS distance {score.value:.2f} (by chance 0." in title
    assert "images flipped for both" in panels[1].get_title()
    assert panels[0].get_xlabel() == "Euclidean distance [latent units]"


def test_bars_are_twenty_on_edges_shared_by_both_methods_and_hold_every_image(compared):
    _, (axes, _) = painted(compared[0])
    steps = [patch.get_xy() for patch in axes.patches if not patch.get_fill()]
    edges = [np.unique(step[:, 0]) for step in steps]
    assert len(edges[0]) == 21
    np.testing.assert_allclose(edges[0], edges[1])
    for step in steps:
        assert step[1:-1:2, 1][:20].sum() == 80


def test_the_legend_tells_the_means_that_the_score_tells(compared):
    cells, said = compared
    _, (axes, _) = painted(cells)
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    for words, (method, (learned, other, _)) in zip(told, said.items(), strict=True):
        scores = latent_distance(learned, other)
        mean, median = (scores[f"distance_{name}"].value for name in ("mean", "median"))
        assert words == f"{method}: mean {mean:.3g}, median {median:.3g}"


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 200), st.floats(0.1, 10))
def test_the_js_distance_is_the_score_s_whatever_is_drawn(seed, count, scale):
    from astrobench_scores.distance_js import count_in_bins, jensen_shannon

    rng = np.random.default_rng(seed)
    first, second = rng.gamma(2, size=count), scale * rng.gamma(3, size=count)
    low, high = min(first.min(), second.min()), max(first.max(), second.max())
    score = jensen_shannon(*(count_in_bins(one, low, high, 20) for one in (first, second)))
    assert js_distance(first, second) == pytest.approx(score, abs=1e-7)


@pytest.mark.parametrize("count", [200, 1500])
def test_by_chance_the_js_distance_is_that_of_two_samples_of_one_distribution(count):
    rng = np.random.default_rng(5)
    first, second, far = rng.uniform(size=count), rng.uniform(size=count), rng.uniform(1, 2, size=count)
    assert js_by_chance(first, second) == pytest.approx(np.sqrt(19 / (4 * count)), rel=0.05)  # as the score tells
    assert js_distance(first, second) < 1.4 * js_by_chance(first, second)
    assert js_distance(first, far) > 4 * js_by_chance(first, far)


def test_distances_that_are_all_one_have_a_js_distance_of_nothing():
    assert js_distance(np.ones(5), np.ones(5)) == 0


def test_no_image_flipped_for_both_is_told_and_has_no_number(compared, exhibit, placed):
    cells, _ = compared
    cells[5] = exhibit("A", placed(9, flipped=np.zeros(80, bool)), method="mmd", clean=False, perturbation="one_pixel")
    _, (_, axes) = painted(cells)
    assert axes.get_title() == "A to one_pixel\n0 images flipped for both"
    assert [text.get_text() for text in axes.texts] == ["no image was flipped under both methods"]
    assert not axes.get_frame_on()


def test_an_unpaired_survey_has_no_empty_frames_but_a_sentence(compared, exhibit, placed):
    cells, said = compared
    for one in said.values():
        one[1].ids[:] = [f"other {name}" for name in one[1].ids]
    _, (apart, drawn) = painted(cells)
    assert [text.get_text() for text in apart.texts] == ["no image has its id in both domains: they are not paired"]
    assert not apart.get_frame_on()
    assert drawn.get_frame_on()
    with pytest.raises(DataError) as told:
        list(distances([cell for cell in cells if cell.clean]))
    assert str(told.value) == (
        "figure 'distances' draws how far images move in latent space under a method and the reference, and from A to B"
        " no image has its id in both domains: they are not paired"
    )


def test_latents_that_are_not_finite_are_told(compared):
    cells, said = compared
    said["mmd"][1].latent[3] = np.inf
    _, (axes, _) = painted(cells)
    assert [text.get_text() for text in axes.texts] == ["some latents are not finite"]


def test_seeds_are_rows_and_only_those_of_both_methods(exhibit, placed):
    def pair(method, seed):
        return [exhibit(domain, placed(seed), method=method, seed=seed) for domain in "AB"]

    _, panels = painted([*pair("source_only", 0), *pair("source_only", 1), *pair("mmd", 1), *pair("mmd", 2)])
    assert [axes.get_ylabel() for axes in panels] == ["seed 1\nimages"]


def test_the_reference_alone_is_refused(compared):
    with pytest.raises(DataError, match="figure 'distances' draws how far images move in latent space"):
        list(distances(compared[0][:3]))
