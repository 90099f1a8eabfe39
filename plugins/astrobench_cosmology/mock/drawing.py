"""Drawing synthetic suites on all cores, once, into files that are named and laid out as those of CMD.

Everything is drawn in a folder of its own that is renamed when whole, so that an interrupted draw leaves nothing that
looks finished, and two processes may draw at once. What no longer has its bytes is set aside and drawn anew.
"""

from __future__ import annotations

import os
import shutil
from functools import cache, partial
from pathlib import Path

import numpy as np
from astrobench import cache_folder, cannot_keep, in_parallel, need_room, set_aside
from numpy.lib.format import open_memmap

from astrobench_cosmology.cache import digest
from astrobench_cosmology.cmd_files import MAPS, PARAMETERS
from astrobench_cosmology.mock.gas import maps_of
from astrobench_cosmology.mock.manifest import has_manifest, is_sound, write_manifest
from astrobench_cosmology.mock.sets import RECIPES, Recipe

FIELDS = ("Mtot", "T")
NOTICE = "Synthetic maps drawn by astrobench (camels_mock) in the format of CMD. They are not CAMELS data."
SIMULATIONS = 8  # a task
FEW = 12  # this many tasks or fewer are done in this process: starting others takes as long


def drawn(recipe: Recipe, field: str) -> Path:
    """Return the folder of a recipe's files, drawing them if that was never done.

    field: whose files are held against their hashes; those of another field are left unread.
    Raises DataError where the cache cannot be written or has no room.
    """
    root = cache_folder("camels_mock")
    folder = root / digest(recipe, *_versions(), _sources())
    if has_manifest(folder):
        if is_sound(folder, ("params_", f"Maps_{field}_")):
            return folder
        set_aside(folder)
    part = root / f".{folder.name}.{os.getpid()}.part"
    try:
        _fill(part, recipe)
        _settle(part, folder)
    except OSError as fault:
        raise cannot_keep("the drawn maps", root, fault) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def map_file(folder: Path, field: str, recipe: str, which: str) -> Path:
    """Return where the maps of a field, recipe and set are kept."""
    return folder / f"Maps_{field}_{recipe}_{which}_z=0.00.npy"


def _fill(part: Path, recipe: Recipe) -> None:
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    sizes = recipe.sizes()
    need_room(part.parent, 4 * recipe.pixels**2 * MAPS * len(FIELDS) * len(RECIPES) * sum(sizes.values()))
    for which, size in sizes.items():
        for name in RECIPES:
            table = recipe.parameters(which, name)
            np.savetxt(part / f"params_{which}_{name}.txt", table, "%.5f", header=NOTICE)
            for field in FIELDS:
                open_memmap(map_file(part, field, name, which), "w+", np.float32, (size * MAPS, *[recipe.pixels] * 2))
    tasks = [
        (which, name, start)
        for which, size in sizes.items()
        for name in RECIPES
        for start in range(0, size, SIMULATIONS)
    ]
    simulations = len(RECIPES) * sum(sizes.values())
    in_parallel(partial(_draw, part, recipe), tasks, "drawing synthetic maps", 0, simulations, few=FEW)
    write_manifest(part, NOTICE)


def _draw(part: Path, recipe: Recipe, task: tuple[str, str, int]) -> int:
    which, name, start = task
    parameters = recipe.parameters(which, name)[start : start + SIMULATIONS]
    files = {field: open_memmap(map_file(part, field, name, which), "r+") for field in FIELDS}
    for number, row in enumerate(parameters, start):
        theta = dict(zip(PARAMETERS, map(float, row), strict=True))
        for field, maps in maps_of(name, theta, recipe.noise(which, name, number)).items():
            files[field][number * MAPS : (number + 1) * MAPS] = maps
    return len(parameters)


def _settle(part: Path, folder: Path) -> None:
    for _ in range(2):
        try:
            part.rename(folder)
        except OSError:
            if has_manifest(folder):
                return  # another process was faster, and its maps are as good
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return


def _versions() -> tuple[str, ...]:
    from importlib.metadata import version

    return tuple(f"{name} {version(name)}" for name in ("numpy", "scipy"))


@cache
def _sources() -> str:
    here = Path(__file__).parent
    return digest(
        *(path.read_text(encoding="utf-8") for path in [*sorted(here.glob("*.py")), here.parent / "cmd_files.py"])
    )
