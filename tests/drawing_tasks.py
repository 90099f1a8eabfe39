"""Tasks for tests of parallel drawing, in a module that a spawned worker can import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench import DataError

if TYPE_CHECKING:
    from pathlib import Path


def touch(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    return 1


def fail(number: int) -> int:
    raise DataError(f"no {number}")


def count_threads(folder: Path, number: int) -> int:
    """Write how many threads the libraries take that compute once they are loaded."""
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    (folder / str(number)).write_text(" ".join(str(library["num_threads"]) for library in threadpool_info()))
    return 1
