"""What reading and writing of .npy files promise: true arrays are mapped, everything else is refused in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench import DataError, need_room
from astrobench_galaxies.arrays import open_npy, write_npy
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }"


def npy(path: Path, header: str, data: bytes = b"") -> Path:
    text = header.ljust(118) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data)
    return path


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "u1", "?", "<i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_comes_back_as_numpy_saved_it(tmp_path: Path, dtype: str, order: str) -> None:
    saved = np.asarray(np.arange(24).reshape(2, 3, 4) % 5, dtype=dtype, order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "a.npy", saved)
    opened = open_npy(tmp_path / "a.npy")
    np.testing.assert_array_equal(opened, saved)
    assert isinstance(opened, np.memmap)
    assert not opened.flags.writeable


def test_an_array_without_rows_is_an_array(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((0, 3)))
    assert open_npy(tmp_path / "a.npy").shape == (0, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><title>404</title>", "is a web page, not an array; fetch"),
        (b"\n <html>", "is a web page"),
        (b"PK\x03\x04rest", "is a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1", "is a git-lfs pointer"),
        (b"", "is no .npy file"),
        (b"\x93NUMPY", "makes no sense"),
        (b"\x93NUMPY\x09\x00\x10\x00", "makes no sense"),
    ],
)
def test_what_is_no_array_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "images.npy"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as fault:
        open_npy(path)
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_truncated_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "images.npy"
    np.save(path, np.zeros((4, 3)))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"cut short: 223 bytes where its header wants 224"):
        open_npy(path)


@pytest.mark.parametrize(
    ("dtype", "shape", "message"),
    [
        ("<f8", "(1099511627776,)", "cut short"),
        ("<f8", "(4294967296, 4294967296)", "cut short"),
        ("<f8", "(-1, -1)", "want an array of numbers"),
        ("|O", "(1,)", "want an array of numbers"),
        ("<U4", "(1,)", "want an array of numbers"),
        ("<f8", "__import__('os')", "makes no sense"),
        ("<f8", "(1.5,)", "makes no sense"),
    ],
)
def test_a_header_is_checked_before_anything_is_mapped(tmp_path: Path, dtype: str, shape: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_npy(npy(tmp_path / "a.npy", HEADER % (dtype, shape), b"\0" * 16))


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        open_npy(tmp_path / "a.npy")


@given(st.binary(max_size=200))
def test_no_file_whatever_gives_a_traceback(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + content)
    with pytest.raises(DataError):
        open_npy(path)


def test_a_written_array_is_read_by_numpy(tmp_path: Path) -> None:
    rows = np.arange(12, dtype=np.float64).reshape(6, 2)
    write_npy(tmp_path / "a.npy", rows.shape, iter([rows[:4], rows[4:]]), "writing")
    found = np.load(tmp_path / "a.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, rows)


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def interrupted():  # type: ignore[no-untyped-def]
        yield np.zeros((1, 2))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_npy(tmp_path / "a.npy", (2, 2), interrupted(), "writing")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="set ASTROBENCH_CACHE to a larger disk"):
        need_room(tmp_path, 10**18)
