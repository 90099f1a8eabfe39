"""The synthetic stand-in: its physics against independent truths, its pairs, and its files in the format of CMD."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
from astrobench import DataError
from astrobench.conformance import check
from astrobench.registry import Registry
from astrobench_cosmology.camels_mock import camels_mock
from astrobench_cosmology.cmd_files import PARAMETERS, RANGES, open_maps
from astrobench_cosmology.mock.density import BOX, matter, suppression
from astrobench_cosmology.mock.drawing import drawn
from astrobench_cosmology.mock.gas import maps_of
from astrobench_cosmology.mock.manifest import MANIFEST, is_sound
from astrobench_cosmology.mock.power import linear_power
from astrobench_cosmology.mock.sets import Recipe, hypercube
from scipy.integrate import quad

FIDUCIAL = dict(zip(PARAMETERS, (0.3, 0.8, 1.0, 1.0, 1.0, 1.0), strict=True))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("ASTROBENCH_CORES", "1")
        yield


@pytest.fixture(scope="module")
def pairs(cache):
    """Return log₁₀ maps (S, 15, n, n) of the set PAIRS by (field, recipe)."""
    folder = drawn(Recipe(20, 24, 32, 0), "T")
    keys = [(field, recipe) for field in ("T", "Mtot") for recipe in "AB"]
    found = {key: open_maps(folder, *key, "PAIRS") for key in keys}
    return {key: np.log10(maps.open().reshape(24, 15, 32, 32)) for key, maps in found.items()}


@pytest.mark.parametrize(
    ("omega_m", "sigma_8", "power"),
    [
        (0.3, 0.8, [23433.0, 5674.2, 60.864, 0.20048]),
        (0.1, 0.6, [325260.0, 3256.0, 14.006, 0.03231]),
        (0.5, 1.0, [10724.0, 7396.8, 147.22, 0.58894]),
    ],
)
def test_the_power_spectrum_is_that_of_colossus(omega_m, sigma_8, power):
    """Golden values of colossus 1.4.0, model eisenstein98_zb, at k = 0.01, 0.1, 1, 10 h/Mpc."""
    np.testing.assert_allclose(linear_power(np.array([0.01, 0.1, 1, 10]), omega_m, sigma_8), power, rtol=2e-4)


def test_its_variance_in_spheres_of_8_mpc_is_sigma_8():
    def integrand(log_k):
        k = np.exp(log_k)
        x = 8 * k
        window = 3 * (np.sin(x) - x * np.cos(x)) / x**3
        return k**3 * float(linear_power(np.array([k]), 0.3, 0.8)[0]) * window**2 / (2 * np.pi**2)

    assert quad(integrand, np.log(1e-4), np.log(30), limit=400)[0] == pytest.approx(0.8**2, rel=1e-3)


def test_a_box_has_the_log_density_s_variance_of_repp_and_szapudi():
    """Half of it is white noise's luck in one box, so many are averaged: σ²_A = 0.73 ln(1 + σ²_lin/0.73)."""
    cells, found = 16, []
    for number in range(40):
        noise = np.random.default_rng(number).standard_normal((cells,) * 3, np.float32)
        found.append(np.log(matter("A", {**FIDUCIAL, "A_AGN1": 1e-9}, noise)).var())
    k = 2 * np.pi * np.fft.fftfreq(cells, BOX / cells)
    size = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2).ravel()
    size = size[size > 0]
    linear = (linear_power(size, 0.3, 0.8) * np.exp(-((size * 0.5 * BOX / cells) ** 2))).sum() / BOX**3
    assert np.mean(found) == pytest.approx(0.73 * np.log1p(linear / 0.73), rel=0.05)


def test_feedback_lowers_small_scales_alone_and_more_under_b():
    k = np.array([0.0, 0.1, 10.0, 100.0])
    a, b = (suppression(recipe, FIDUCIAL, k) for recipe in "AB")
    np.testing.assert_allclose((a[0], a[3], b[3]), (1, 1 - 0.06, 1 - 0.12), atol=1e-3)
    assert (b[1:] < a[1:]).all()


def test_the_mean_of_mtot_is_the_matter_of_the_universe():
    noise = np.random.default_rng(0).standard_normal((16,) * 3, np.float32)
    maps = maps_of("B", {**FIDUCIAL, "Omega_m": 0.4}, noise)["Mtot"].reshape(3, 5, 16, 16)
    thick = np.diff(np.linspace(0, 16, 6).round())  # the five slabs of 16 cells are 3 or 4 cells thick
    for axis in maps:
        assert (axis.mean(axis=(1, 2)) * thick).sum() / 16 == pytest.approx(0.4 * 2.775e11 * 5, rel=1e-4)


def test_the_hypercube_has_each_value_in_a_part_of_its_own():
    found = hypercube(40, np.random.default_rng(0))
    for name, column in zip(PARAMETERS, found.T, strict=True):
        low, high = RANGES[name]
        place = (column - low) / (high - low) if name in PARAMETERS[:2] else np.log(column / low) / np.log(high / low)
        assert sorted(np.floor(place * 40).clip(0, 39).astype(int).tolist()) == list(range(40)), name


def test_mtot_is_nearly_the_same_under_both_recipes_and_temperature_is_not(pairs):
    """spec (e), 12: Mtot correlates above 0.999 at equal seed, and the mean log₁₀ T differs by more than 0.8."""
    assert np.corrcoef(pairs["Mtot", "A"].ravel(), pairs["Mtot", "B"].ravel())[0, 1] > 0.999
    assert pairs["T", "B"].mean() - pairs["T", "A"].mean() > 0.8
    assert np.corrcoef(pairs["T", "A"].ravel(), pairs["T", "B"].ravel())[0, 1] < 0.9


def test_a_draw_is_its_seed_s_and_nothing_else_s(cache, pairs):
    recipe = Recipe(20, 24, 32, 0)
    theta = dict(zip(PARAMETERS, recipe.parameters("PAIRS", "A")[3].tolist(), strict=True))
    again = np.log10(maps_of("A", theta, recipe.noise("PAIRS", "A", 3))["T"])
    assert np.array_equal(again, pairs["T", "A"][3])
    assert not np.array_equal(recipe.noise("PAIRS", "A", 3), Recipe(20, 24, 32, 1).noise("PAIRS", "A", 3))
    assert not np.array_equal(recipe.noise("LH", "A", 3), recipe.noise("LH", "B", 3))


def test_tests_are_pairs_and_two_in_a_row_share_all_but_initial_conditions(cache):
    found = camels_mock(field="T", simulations=20, tests=24, pixels=32)
    first, second = found.tests["A"], found.tests["B"]
    assert np.array_equal(first.ids, second.ids)
    assert np.array_equal(first.labels, second.labels)
    assert np.array_equal(first.labels[:15], first.labels[15:30])
    assert not np.array_equal(first.images[:15], first.images[15:30])
    assert len(np.unique(first.labels[:, 0])) == 12
    assert not set(found.train.objects) & set(found.target.objects)
    assert {len(part.images) for part in (found.train, found.target)} == {16 * 15}


def test_shared_training_sets_are_pairs_of_one_universe(cache):
    found = camels_mock(field="Mtot", simulations=20, tests=4, pixels=16, training_set="SHARED", test_set="SPLIT")
    assert np.array_equal(found.train.ids, found.target.ids)
    assert np.array_equal(found.train.labels, found.oracle().labels)
    assert not np.array_equal(found.train.images, found.target.images)
    assert np.corrcoef(np.log(found.train.images).ravel(), np.log(found.target.images).ravel())[0, 1] > 0.999
    assert not set(found.tests["A"].objects) & set(found.train.objects)


def test_everything_says_that_it_is_synthetic(cache):
    found = camels_mock(simulations=20, tests=4, pixels=16, test_set="CV")
    assert found.synthetic
    assert all("synthetic" in text for text in (found.licence, found.citation, camels_mock.__doc__.lower()))
    folder = drawn(Recipe(20, 4, 16, 0), "T")
    assert "not CAMELS" in (folder / MANIFEST).read_text()
    assert (folder / "params_LH_A.txt").read_text().startswith("# Synthetic maps")
    assert {len(part.ids) for part in found.tests.values()} == {27 * 15}


def test_an_interrupted_draw_leaves_nothing_that_looks_finished(cache, monkeypatch):
    recipe = Recipe(20, 4, 16, 7)

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("astrobench_cosmology.mock.drawing.in_parallel", stop)
        with pytest.raises(KeyboardInterrupt):
            drawn(recipe, "T")
    folder = drawn(recipe, "T")
    assert (folder / MANIFEST).is_file()
    assert not list(folder.parent.glob(".*.part"))
    assert open_maps(folder, "T", "B", "LH").open().min() > 0


FLIPS = 500 if os.environ.get("ASTROBENCH_NIGHTLY") else 50


def test_every_flip_of_a_bit_is_found(cache):
    folder = drawn(Recipe(20, 4, 16, 8), "T")
    starts = ("params_", "Maps_T_")
    used = [path for path in sorted(folder.iterdir()) if path.name.startswith((*starts, MANIFEST))]
    rng, found = random.Random(0), 0
    for _ in range(FLIPS):
        path = rng.choice(used)
        place, bit = rng.randrange(path.stat().st_size), 1 << rng.randrange(8)
        turn(path, place, bit)
        found += not is_sound(folder, starts)
        turn(path, place, bit)
    assert len(used) == 13
    assert found == FLIPS
    assert is_sound(folder, starts)


def test_damaged_maps_are_set_aside_and_drawn_again_to_the_same_bits(cache):
    recipe = Recipe(20, 4, 16, 9)
    folder = drawn(recipe, "T")
    path = folder / "Maps_T_A_LH_z=0.00.npy"
    before = path.read_bytes()
    turn(path, 5000, 1)
    assert drawn(recipe, "Mtot") == folder
    assert path.read_bytes() != before
    assert drawn(recipe, "T") == folder
    assert path.read_bytes() == before
    (aside,) = folder.parent.glob("*.corrupt")
    assert (aside / path.name).read_bytes() != before


def test_maps_of_which_one_file_is_gone_are_drawn_again(cache):
    recipe = Recipe(20, 4, 16, 9)
    lost = drawn(recipe, "T") / "params_CV_B.txt"
    lost.unlink()
    drawn(recipe, "T")
    assert lost.is_file()


def turn(path, place, bit):
    with path.open("r+b", buffering=0) as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ bit]))


def test_it_keeps_the_contract(cache):
    params = {"simulations": 20, "tests": 4, "pixels": 16, "field": "T", "parameters": "all"}
    report = check(Registry.load(), "datasets", "camels_mock", params)
    assert [(one.name, one.told) for one in report.checks if one.status == "failed"] == []


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"simulations": 19}, "simulations is 19, want at least 20"),
        ({"tests": 5}, "tests is 5, want an even number from 4 on"),
        ({"tests": 2}, "tests is 2, want an even number from 4 on"),
    ],
)
def test_numbers_that_make_no_dataset_are_refused(params, told):
    with pytest.raises(DataError, match=told):
        camels_mock(**params)
