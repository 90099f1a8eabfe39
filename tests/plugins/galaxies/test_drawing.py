"""Draws are kept in chunks that may be lost, cut short, raced for or drawn by any number of workers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from astrobench import DataError, cores, in_parallel
from astrobench.parallel import THREADS
from astrobench.progress import watched_by
from astrobench_galaxies import drawing
from astrobench_galaxies.drawing import CHUNK, Chunks, digest, drawn
from astrobench_galaxies.scenes import Recipe
from drawing_tasks import count_threads, fail, touch

RECIPE = Recipe(seed=0, survey="LSST", brightest=21.2, faintest=24.2)


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache in the test's folder, draw in this process, and let a galaxy be its number."""
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("ASTROBENCH_CORES", "1")
    monkeypatch.setattr(drawing, "draw", Pretend)


class Pretend:
    """A galaxy that takes no time."""

    drawn: list[int] = []  # noqa: RUF012

    def __init__(self, recipe: Recipe, number: int) -> None:
        self.drawn.append(number)
        self.scene = np.full(drawing.SHAPE, number + 1000 * recipe.seed, np.float32)
        self.agrees = True


def test_scenes_come_in_any_order():
    values = [scene[0, 0, 0] for scene in drawn(RECIPE, 61).scenes([60, 3, 31, 30])]
    assert values == [60, 3, 31, 30]


def test_what_was_drawn_is_not_drawn_again():
    drawn(RECIPE, 2 * CHUNK)
    Pretend.drawn.clear()
    drawn(RECIPE, 3 * CHUNK)
    assert Pretend.drawn == list(range(2 * CHUNK, 3 * CHUNK))


def test_a_chunk_cut_short_is_drawn_again():
    chunks = drawn(RECIPE, 2 * CHUNK)
    whole = chunks.path(1).read_bytes()
    chunks.path(1).write_bytes(whole[:-4])
    assert drawn(RECIPE, 2 * CHUNK).path(1).read_bytes() == whole


def test_a_half_written_chunk_is_not_taken_for_a_whole_one():
    chunks = drawn(RECIPE, CHUNK)
    (chunks.folder / ".000001.1.part").write_bytes(chunks.path(0).read_bytes())
    assert not chunks.whole(1)


def test_an_interrupted_draw_leaves_no_partial_file_and_goes_on(monkeypatch: pytest.MonkeyPatch):
    def interrupted(recipe: Recipe, number: int) -> Pretend:
        if number == CHUNK + 5:
            raise KeyboardInterrupt
        return Pretend(recipe, number)

    monkeypatch.setattr(drawing, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        drawn(RECIPE, 2 * CHUNK)
    monkeypatch.setattr(drawing, "draw", Pretend)
    Pretend.drawn.clear()
    chunks = drawn(RECIPE, 2 * CHUNK)
    assert Pretend.drawn == list(range(CHUNK, 2 * CHUNK))
    names = sorted(path.name for path in chunks.folder.iterdir())
    assert names == ["000000.npy", "000000.npy.sha256", "000001.npy", "000001.npy.sha256"]


def test_recipes_do_not_share_scenes():
    other = drawn(Recipe(1, "LSST", 21.2, 24.2), CHUNK)
    assert drawn(RECIPE, CHUNK).folder != other.folder


def test_a_change_of_source_is_a_change_of_digest():
    assert len({digest(1), digest(2), digest(1, sources=["survey.py"]), digest(1, sources=["observe.py"])}) == 4


def test_progress_starts_from_what_is_there_and_ends_at_the_total():
    drawn(RECIPE, CHUNK)
    seen: list[tuple[str, int, int]] = []
    with watched_by(lambda activity, done, total, _: seen.append((activity, done, total))):
        drawn(RECIPE, 3 * CHUNK)
    assert seen == [("drawing galaxies", done * CHUNK, 3 * CHUNK) for done in (1, 2, 3)]


def test_workers_do_every_item_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTROBENCH_CORES", "2")
    done: list[int] = []
    with watched_by(lambda _, step, total, __: done.append(step)):
        in_parallel(partial(touch, tmp_path), range(5), "touching", 0, 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == list("01234")
    assert done == [0, 1, 2, 3, 4, 5]


def test_a_worker_takes_one_thread_of_what_it_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Two workers of two threads each took ten times the CPU on two cores."""
    monkeypatch.setenv("ASTROBENCH_CORES", "2")
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    in_parallel(partial(count_threads, tmp_path), range(5), "counting", 0, 5)
    told = [path.read_text().split() for path in tmp_path.iterdir()]
    assert len(told) == 5
    assert all(len(threads) >= 2 and set(threads) == {"1"} for threads in told)


def test_a_workers_fault_reaches_the_caller(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTROBENCH_CORES", "2")
    with pytest.raises(DataError, match=r"no \d"):
        in_parallel(fail, range(5), "failing", 0, 5)


@pytest.mark.parametrize("text", ["none", "0", "-2", "1.5"])
def test_cores_must_be_a_whole_number(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTROBENCH_CORES", text)
    with pytest.raises(DataError, match=f"ASTROBENCH_CORES is '{text}', want a whole number from 1"):
        cores()


def test_a_full_disk_is_noticed_before_drawing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(DataError, match="GB free, want"):
        drawn(RECIPE, CHUNK)
    assert not list(tmp_path.rglob("*.npy"))


def test_chunks_know_their_place():
    assert Chunks(Path("here")).path(12) == Path("here/000012.npy")
