"""Isomaps against scikit-learn fitted by hand, still and turning."""

from __future__ import annotations

import io
from dataclasses import replace

import figures_toy as toy
import numpy as np
import pytest
from astrobench import DataError
from astrobench_figures.embedding import embedded
from astrobench_figures.isomap import isomap
from astrobench_figures.isomap_movie import DEGREES, FRAMES, RATE, isomap_movie
from astrobench_figures.sheet import files_of
from astrobench_figures.twins import flipped_by_all, rivals_of
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from sklearn.manifold import Isomap

METHODS = ["source_only", "mmd"]


@pytest.fixture(scope="module")
def rivals():
    (found,) = rivals_of(toy.cells(METHODS), 3)
    return found


@pytest.fixture(scope="module")
def panels():
    (sheet,) = isomap(toy.cells(METHODS))
    figure = Figure((8, 8))
    sheet.paint(figure)
    return figure.axes


@pytest.mark.filterwarnings("ignore:The number of connected components", "ignore:Changing the sparsity structure")
@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_fit_is_scikit_learn_s_of_both_domains_and_the_triplets_together(rivals, dimensions):
    cells = toy.cells(["source_only"])
    learned, other, attacked = (cell.predicted() for cell in cells)
    chosen = toy.IDS[np.random.RandomState(0).randint(0, 24, 24)]
    assert len(set(chosen)) < 24
    triplets = flipped_by_all(rivals)[[0, 2, 3]]  # of four, evenly spaced

    def latents(said, names):
        return np.stack([said.latent[list(said.ids).index(name)] for name in names])

    parts = [latents(learned, chosen), latents(other, chosen)]
    parts += [latents(one, triplets) for one in (learned, other, attacked)]
    expected = Isomap(n_components=dimensions).fit_transform(np.concatenate(parts).astype(np.float64))
    found = embedded(rivals[0], 250, dimensions, flipped_by_all(rivals))
    assert list(found.names) == list(triplets)
    assert [len(points) for points in found.points] == [24, 24, 3, 3, 3]
    np.testing.assert_allclose(np.concatenate(found.points), expected, atol=1e-9)
    assert list(found.classes[4]) == [
        int(attacked.logits[list(attacked.ids).index(name)].argmax()) for name in triplets
    ]


def test_no_more_galaxies_are_drawn_than_asked_for(rivals):
    assert [len(points) for points in embedded(rivals[0], 10, 2, np.array([], str)).points] == [10, 10, 0, 0, 0]


def test_colours_are_predicted_classes_and_the_learned_domain_is_four_times_as_large(panels, rivals):
    published = [to_rgb(f"#{code}") for code in ("ffa600", "bc5090", "003f5c")]
    for axes, twins in zip([axes for axes in panels if axes.name == "rectilinear"], rivals, strict=True):
        learned, other, *triplets = axes.collections
        found = embedded(twins, 250, 2, flipped_by_all(rivals))
        for dots, points, said in zip(axes.collections, found.points, found.classes, strict=True):
            np.testing.assert_allclose(dots.get_offsets(), points)
            np.testing.assert_allclose(dots.get_facecolors()[:, :3], [published[k] for k in said])
        assert learned.get_sizes()[0] == 4 * other.get_sizes()[0]
        assert {one.get_sizes()[0] for one in triplets} == {5 * learned.get_sizes()[0]}
        assert [axes.get_xlabel(), axes.get_ylabel()] == [f"isomap {n} [latent distance]" for n in (1, 2)]


def test_a_column_is_a_method_with_three_dimensions_below_two(panels):
    names = [axes.name for axes in panels]
    assert sorted(names) == ["3d", "3d", "rectilinear", "rectilinear"]
    assert [axes.get_title() for axes in panels if axes.name == "rectilinear"] == METHODS


def test_the_movie_turns_once_in_steps_of_4_degrees_at_20_frames_a_second():
    (sheet,) = isomap_movie(toy.cells(METHODS))
    assert (sheet.film.frames, sheet.film.rate, FRAMES * DEGREES) == (90, 20, 360)
    figure = Figure((8, 4))
    sheet.paint(figure)
    for frame, degrees in ((0, -60), (1, -56), (89, 296)):
        sheet.film.show(figure, frame)
        assert {axes.azim for axes in figure.axes} == {degrees}
    assert RATE == 20


def test_a_movie_is_one_gif_that_moves_goes_round_and_names_its_records():
    (sheet,) = isomap_movie(toy.cells())
    short = replace(sheet, film=replace(sheet.film, frames=2))
    ((suffix, data),) = files_of(short)
    movie = Image.open(io.BytesIO(data))
    assert (suffix, movie.format, movie.n_frames, movie.info["loop"]) == ("gif", "GIF", 2, 0)
    assert movie.info["duration"] == 50
    assert all(cell.key in movie.info["comment"].decode() for cell in sheet.exhibits)
    frames = []
    for number in range(2):
        movie.seek(number)
        frames.append(np.asarray(movie.convert("RGB")))
    assert not np.array_equal(frames[0], frames[1])
    for code in ("ffa600", "bc5090", "003f5c"):  # of 128 colours, one stands for each class
        wanted = np.array([int(code[n : n + 2], 16) for n in (0, 2, 4)])
        assert np.abs(frames[0].astype(int) - wanted).max(axis=2).min() <= 16


def test_a_movie_is_of_the_first_seed_alone_and_a_picture_of_each():
    cells = [*toy.cells(seed=0), *toy.cells(seed=1)]
    assert [sheet.exhibits[0].seed for sheet in isomap_movie(cells)] == [0]
    assert [sheet.exhibits[0].seed for sheet in isomap(cells)] == [0, 1]


def test_where_no_galaxy_was_flipped_both_domains_are_shown_without_triplets(monkeypatch):
    facts = {**toy.attack(), "success": np.zeros(len(toy.ATTACKED), bool)}
    monkeypatch.setattr(toy, "attack", lambda: facts)
    (sheet,) = isomap(toy.cells())
    figure = Figure((8, 8))
    sheet.paint(figure)
    assert [len(dots.get_offsets()) for dots in figure.axes[0].collections] == [24, 24, 0, 0, 0]


@pytest.mark.parametrize("figure", [isomap, isomap_movie])
def test_records_of_no_twins_or_of_too_few_are_refused_in_one_line(figure):
    with pytest.raises(DataError, match=rf"figure '{figure.__name__}' draws more than 5 galaxies of equal id") as told:
        list(figure(toy.cells()[:2]))
    assert "\n" not in str(told.value)
