"""The files of CAMELS: map m shows simulation m // 15, splits part simulations, and every fault is one sentence."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from astrobench import DataError, Regression, SuiteError
from astrobench.registry import Registry
from astrobench.stages.datasets import check_dataset
from astrobench_cosmology.camels import camels, split_published
from astrobench_cosmology.cmd_files import open_maps
from plugins.cosmology.made import maps_of, parameters_of

REAL = Path("/work/shared/data/camels_params")


@pytest.fixture
def both(cmd):
    cmd("T", "IllustrisTNG")
    return cmd("T", "SIMBA")


def opened(folder: Path, **over: object) -> Regression:
    return camels(**{"folder": folder, "field": "T", **over})  # type: ignore[arg-type]


def simulations(part) -> set[str]:
    return {name.split("/")[0] for name in part.ids}


def test_a_map_has_the_parameters_of_its_simulation_and_the_pixels_of_its_file(both):
    found = opened(both)
    check_dataset(found, "mine", ["IllustrisTNG", "SIMBA"], 8)
    maps, table = maps_of(20, len("IllustrisTNG")), parameters_of(20)
    for part in (found.train, found.valid, found.tests["IllustrisTNG"]):
        for row, name in enumerate(part.ids):
            simulation, number = name.removeprefix("IllustrisTNG-LH-").split("/")
            at = int(simulation) * 15 + int(number)
            assert np.array_equal(part.images[row, 0], maps[at])
            np.testing.assert_allclose(part.labels[row], table[at // 15, :2], atol=1e-5)
            assert part.objects[row] == f"IllustrisTNG-LH-{simulation}"
    assert (found.task, found.classes, found.unit, found.bands) == ("regression", ("Omega_m", "sigma_8"), "K", ("T",))


def test_splits_part_simulations_ninety_to_five_to_five(both):
    found = opened(both)
    parts = [simulations(part) for part in (found.train, found.valid, found.tests["IllustrisTNG"])]
    assert [len(part) for part in parts] == [18, 1, 1]
    assert len(set.union(*parts)) == 20
    assert not simulations(found.target) & simulations(found.tests["SIMBA"])
    assert not simulations(found.target) & simulations(found.train), "LH shares no simulation between suites"


def test_the_split_is_the_published_permutation():
    """NumPy's legacy generator, seed 1: the script of CMD shuffles 0 … 999 and takes the first 900, the next 50."""
    np.random.seed(1)
    order = np.arange(1000)
    np.random.shuffle(order)
    split = split_published(1000, 1)
    assert split["train"].tolist() == sorted(order[:900].tolist())
    assert split["test"].tolist() == sorted(order[950:].tolist())
    assert split_published(1000, 2)["test"].tolist() != split["test"].tolist()


def test_networks_see_the_logarithm_scaled_by_the_training_maps_of_the_source(both):
    found = opened(both)
    seen = [part.stretch(np.asarray(part.images)) for part in (found.train, found.tests["SIMBA"])]
    assert (seen[0].mean(), seen[0].std()) == pytest.approx((0, 1), abs=1e-4)
    logarithms = np.log10(found.train.images.astype(np.float64))
    wanted = (np.log10(found.tests["SIMBA"].images.astype(np.float64)) - logarithms.mean()) / logarithms.std()
    np.testing.assert_allclose(seen[1], wanted, atol=1e-4)


def test_or_each_suite_by_its_own(cmd):
    cmd("T", "IllustrisTNG")
    folder = cmd("T", "SIMBA", maps=maps_of(20, 5) * np.float32(100))
    own, source = (opened(folder, normalisation=way) for way in ("own", "source"))
    shown = own.target
    assert (shown.stretch(np.asarray(shown.images)).mean()) == pytest.approx(0, abs=1e-4)
    assert source.target.stretch(np.asarray(source.target.images)).mean() > 2
    assert own.train.stretch == source.train.stretch != own.tests["SIMBA"].stretch


def test_stars_have_empty_pixels_and_are_seen_by_log_of_one_more(cmd):
    maps = maps_of(20, 1)
    maps[:, :2] = 0
    cmd("Mstar", "IllustrisTNG", maps=maps)
    found = opened(cmd("Mstar", "SIMBA", maps=maps), field="Mstar")
    seen = found.train.stretch(np.asarray(found.train.images))
    assert np.isfinite(seen).all()
    wanted = np.log10(1 + found.train.images.astype(np.float64))
    np.testing.assert_allclose(seen, (wanted - wanted.mean()) / wanted.std(), atol=1e-4)


def test_all_six_are_learned_and_feedback_is_not_scored_in_another_suite(both):
    found = opened(both, parameters="all")
    assert found.classes == ("Omega_m", "sigma_8", "A_SN1", "A_AGN1", "A_SN2", "A_AGN2")
    assert np.isfinite(found.tests["IllustrisTNG"].labels).all()
    assert np.isfinite(found.tests["SIMBA"].labels).all(axis=0).tolist() == [True] * 2 + [False] * 4
    assert np.isfinite(found.oracle().labels).all()
    assert np.array_equal(found.oracle().ids, found.target.ids)


def test_sets_of_equal_initial_conditions_are_pairs(both, cmd):
    for suite in ("IllustrisTNG", "SIMBA"):
        cmd("T", suite, "1P", rows=4)
    found = opened(both, test_set="1P")
    first, second = found.tests.values()
    assert np.array_equal(first.ids, second.ids)
    assert first.ids[16] == "1P-0001/01"
    assert len(first.ids) == 60
    assert np.array_equal(first.labels, second.labels)


def test_maps_stay_on_disk(both):
    found = opened(both)
    for part in (found.train, found.target, found.tests["SIMBA"]):
        base = part.images
        while base is not None and not isinstance(base, np.memmap):
            base = base.base
        assert isinstance(base, np.memmap)
        assert not part.images.flags.writeable


@pytest.mark.skipif(not REAL.is_dir(), reason="the parameter files of CAMELS are not here")
def test_the_real_parameter_files_are_read(cmd):
    folder = cmd("T", "IllustrisTNG", rows=1000)
    (folder / "params_LH_IllustrisTNG.txt").write_bytes((REAL / "params_LH_IllustrisTNG.txt").read_bytes())
    found = open_maps(folder, "T", "IllustrisTNG", "LH").parameters
    assert found.shape == (1000, 6)
    assert found[0].tolist() == [0.309, 0.979, 3.11234, 1.12194, 0.6685, 0.53182]
    assert (found[:, 0].min() >= 0.1, found[:, 0].max() <= 0.5) == (True, True)


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"field": "B"}, "CMD has no field 'B' of SIMBA: only IllustrisTNG"),
        ({"target": "Nbody_SIMBA"}, "CMD has no field 'T' of Nbody_SIMBA: it has no gas and no stars, only Mtot"),
        ({"target_set": "SB28"}, "CMD has no set 'SB28' of SIMBA; known: 1P, CV, EX, LH"),
        ({"test_set": "BE"}, "CMD has no set 'BE' of SIMBA"),
        ({"target": "IllustrisTNG"}, "source and target are both 'IllustrisTNG', want two suites"),
        ({"target": "Astrid"}, "Maps_T_Astrid_LH_z=0.00.npy: No such file"),
        ({"field": "Mtot", "source": "Nbody_SIMBA", "parameters": "all"}, "parameters = 'all' cannot be learned from"),
    ],
)
def test_what_cmd_does_not_have_is_one_sentence(both, over, told):
    with pytest.raises(DataError) as caught:
        opened(both, **over)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"field": "Mt0t"}, "did you mean 'Mtot'?"),
        ({"source": "Ilustris"}, "did you mean 'IllustrisTNG'?"),
        ({"test_set": "LHC"}, "did you mean 'LH'?"),
    ],
)
def test_a_misspelt_field_suite_or_set_is_refused_by_the_plan(params, told):
    with pytest.raises(SuiteError) as caught:
        Registry.load().get("datasets", "camels").complete({"folder": "somewhere", **params})
    assert told in str(caught.value)


def holed(value: float) -> np.ndarray:
    maps = maps_of(20, 3)
    maps[17, 2, 3] = value
    return maps


@pytest.mark.parametrize(
    ("maps", "told"),
    [
        (maps_of(19, 0), "has 285 maps for 20 rows of params_LH_SIMBA.txt, expected 15 a row"),
        (holed(0.0), "has pixel 0 in map 17: the logarithm needs pixels above 0"),
        (holed(-3.0), "has pixel -3 in map 17"),
        (holed(np.nan), "has pixel nan in map 17"),
        (maps_of(20, 0).astype(np.float64), "holds float64 (300, 8, 8), expected maps float32 (N, H, H)"),
        (maps_of(20, 0)[:, :4], "holds float32 (300, 4, 8), expected maps float32 (N, H, H)"),
        (np.ones((300, 16, 16), np.float32), "has maps of 16 pixels, Maps_T_IllustrisTNG_LH_z=0.00.npy of 8"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_with_its_name(cmd, maps, told):
    cmd("T", "IllustrisTNG")
    with pytest.raises(DataError) as caught:
        opened(cmd("T", "SIMBA", maps=maps))
    assert told in str(caught.value)
    assert "Maps_T_SIMBA_LH_z=0.00.npy" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("params_LH_SIMBA.txt", b"0.3 0.8 1 1\n" * 20, "holds 4 columns, expected finite Omega_m, sigma_8"),
        ("params_LH_SIMBA.txt", b"0.3 0.8 1 1 1 x\n" * 20, "is no table of numbers"),
        ("params_LH_SIMBA.txt", b"0.3 0.8 1 1 1 nan\n" * 20, "expected finite"),
        ("params_LH_SIMBA.txt", None, "put the parameter file of CMD beside the maps"),
        ("Maps_T_SIMBA_LH_z=0.00.npy", b"<html>", "is a web page, not an array; fetch"),
        ("Maps_T_SIMBA_LH_z=0.00.npy", np.lib.format.MAGIC_PREFIX, "has a header that makes no sense; fetch"),
    ],
)
def test_a_damaged_file_is_one_sentence_with_its_name(both, name, content, told):
    path = both / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        opened(both)
    assert told in str(caught.value)
    assert name in str(caught.value)


def test_a_file_cut_short_is_refused_and_one_that_was_mended_is_read_anew(both):
    opened(both)
    path = both / "Maps_T_SIMBA_LH_z=0.00.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    with pytest.raises(DataError, match=r"bytes where its header wants"):
        opened(both)
    np.save(path, holed(0.0))
    with pytest.raises(DataError, match="pixel 0 in map 17"):
        opened(both)


def test_one_cosmology_cannot_be_learned(cmd, both):
    table = np.tile([0.3, 0.8, 1, 1, 1, 1], (20, 1))
    np.savetxt(both / "params_LH_IllustrisTNG.txt", table)
    with pytest.raises(DataError, match=r"mine train has Omega_m = 0.3 only: nothing can be learned from it"):
        check_dataset(opened(both), "mine", ["IllustrisTNG"], 8)


def test_naming_the_datasets_imports_nothing_heavy():
    plugin = importlib.import_module("astrobench_cosmology")
    assert set(plugin.astrobench_datasets()) == {"camels", "camels_mock"}
    assert set(plugin.astrobench_suites()) == {"camels_cka"}
