"""Gini and M20 against closed forms and statmorph, and the lines that part the classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench_galaxies.label_check import shape_by_statmorph
from astrobench_galaxies.morphology import ELLIPTICAL, MERGER, SPIRAL, Shape, footprint, shape_of
from hypothesis import given, settings
from hypothesis import strategies as st

SIGMA = 1.0


def sky(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, SIGMA, (100, 100)).astype(np.float32)


def blob(x: float, y: float, width: float, peak: float, ratio: float = 1.0) -> np.ndarray:
    rows, columns = np.indices((100, 100))
    return peak * np.exp(-np.hypot((columns - x), (rows - y) / ratio) / width).astype(np.float32)


IMAGES = {
    "round": blob(49.5, 49.5, 4, 2000),
    "flat": blob(50, 48, 7, 800, 0.4),
    "concentrated": blob(50, 50, 2, 8000) + blob(50, 50, 8, 300),
    "pair": blob(42, 45, 3, 2000) + blob(58, 56, 3, 1200),
    "lopsided": blob(49, 50, 5, 1000) + blob(60, 52, 2, 900),
}


@pytest.mark.parametrize("name", IMAGES)
def test_gini_and_m20_are_statmorphs(name: str):
    image = IMAGES[name] + sky()
    ours, truth = shape_of(image, SIGMA), shape_by_statmorph(image, SIGMA)
    assert ours.gini == pytest.approx(truth.gini, abs=0.02)
    assert ours.m20 == pytest.approx(truth.m20, abs=0.06)


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(1e-3, 1e6), name=st.sampled_from(sorted(IMAGES)))
def test_the_unit_of_flux_does_not_matter(scale: float, name: str):
    image = IMAGES[name] + sky()
    ours, scaled = shape_of(image, SIGMA), shape_of(image * np.float32(scale), SIGMA * scale)
    assert scaled.gini == pytest.approx(ours.gini, abs=2e-3)
    assert scaled.m20 == pytest.approx(ours.m20, abs=5e-3)


@pytest.mark.parametrize("name", IMAGES)
def test_turning_or_mirroring_the_image_does_not_matter(name: str):
    image = IMAGES[name] + sky()
    ours = shape_of(image, SIGMA)
    for turned in (np.rot90(image), image[:, ::-1], image[::-1]):
        other = shape_of(np.ascontiguousarray(turned), SIGMA)
        assert other.gini == pytest.approx(ours.gini, abs=0.01)
        assert other.m20 == pytest.approx(ours.m20, abs=0.03)


def test_a_ring_has_the_m20_of_a_fifth_of_its_light():
    # All light lies at one distance, so the brightest fifth of the light has a fifth of the moment.
    rows, columns = np.indices((100, 100)) - 49.5
    angle, distance = np.arctan2(rows, columns), np.hypot(rows, columns)
    ring = (100 + 5 * np.cos(3 * angle)) * np.exp(-0.5 * ((distance - 15) / 1.5) ** 2)
    middle_of_fifth = shape_of(ring.astype(np.float32), 0.1).m20
    assert middle_of_fifth == pytest.approx(np.log10(0.2), abs=0.03)


def test_an_even_disc_has_no_gini():
    rows, columns = np.indices((100, 100))
    disc = np.where(np.hypot(rows - 50, columns - 50) < 20, 100.0, 0).astype(np.float32)
    assert shape_of(disc, 0.1).gini < 0.15


def test_an_empty_sky_has_no_shape_and_is_clearly_of_no_class():
    shape = shape_of(np.zeros((100, 100), np.float32), SIGMA)
    assert math.isnan(shape.gini)
    assert not shape.clearly(MERGER, 0.0)
    assert not shape.clearly(ELLIPTICAL, 0.0)
    assert not shape.clearly(SPIRAL, 0.0)
    assert shape.misses(SPIRAL) == math.inf


@pytest.mark.parametrize(
    ("gini", "m20", "label", "missed"),
    [
        (0.60, -1.0, MERGER, 0.0),
        (0.45, -1.0, MERGER, 0.02),
        (0.60, -1.0, SPIRAL, 0.13),
        (0.50, -2.0, ELLIPTICAL, 0.02),
        (0.65, -2.0, ELLIPTICAL, 0.04),
        (0.54, -2.0, SPIRAL, 0.02),
    ],
)
def test_a_shape_misses_a_region_by_the_gini_it_lacks_or_has_too_much(gini, m20, label, missed):
    assert Shape(gini, m20).misses(label) == pytest.approx(missed)


def test_the_footprint_is_the_brightest_connected_region():
    found = footprint(blob(30, 30, 2, 500) + blob(80, 80, 2, 100), SIGMA)
    assert found[30, 30]
    assert not found[80, 80]


@pytest.mark.parametrize(
    ("gini", "m20", "region"),
    [
        (0.60, -1.0, MERGER),
        (0.45, -1.0, SPIRAL),
        (0.56, -2.0, ELLIPTICAL),
        (0.50, -2.0, SPIRAL),
        (0.66, -2.3, MERGER),
        (0.50, -2.3, ELLIPTICAL),
    ],
)
def test_regions_are_parted_by_the_papers_lines(gini: float, m20: float, region: int):
    assert Shape(gini, m20).region() == region


def test_the_lines_cross_where_the_paper_has_them_cross():
    at = -0.47 / 0.28
    assert Shape(0.566, at).region() == MERGER
    assert Shape(0.564, at).region() == SPIRAL
    assert Shape(0.565, at - 0.02).region() == ELLIPTICAL


def test_a_label_is_clear_only_away_from_the_lines():
    assert Shape(0.60, -1.0).clearly(MERGER, 0.01)
    assert not Shape(0.475, -1.0).clearly(MERGER, 0.01)
    assert Shape(0.475, -1.0).clearly(MERGER, 0.001)


def test_the_merger_statistic_is_zero_on_the_merger_line():
    for m20 in (-2.2, -1.5, -0.8):
        assert Shape(-0.14 * m20 + 0.33, m20).merger_statistic() == pytest.approx(0, abs=3e-3)
