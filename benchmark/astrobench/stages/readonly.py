"""Arrays that a plugin cannot change under others: read-only views, and copies where a flag is not enough."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from astrobench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench.types import Dataset, Labelled, Observation, Unlabelled

    Part = TypeVar("Part", bound=Unlabelled)

COPY = "what it is given is read-only: work on a copy"
"""What a message says of a plugin that writes to an array which is not its own."""


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a view without the write flag. What is no NumPy array comes back as it is."""
    if not isinstance(array, np.ndarray):
        return array
    view = array.view()
    view.flags.writeable = False
    return view


def read_only_arrays(holder: object) -> dict[str, Any]:
    """Return the arrays among an object's attributes as read-only views, by name."""
    return {name: read_only(value) for name, value in vars(holder).items() if isinstance(value, np.ndarray)}


def own(array: np.ndarray) -> np.ndarray:
    """Return a read-only array that shares no memory with others, unless nobody can write to that memory.

    A view would not do: `torch.from_numpy` ignores the write flag, and an in-place operation on its tensor would change
    the array of everybody. A file that is mapped for reading stays mapped.
    """
    return read_only(array if _mapped_for_reading(array) else np.array(array))


def read_only_dataset(dataset: Dataset) -> Dataset:
    """Return a dataset whose arrays are read-only views: its stretch, a figure and the engine share them."""
    oracle = dataset.oracle
    return replace(
        dataset,
        train=_part(dataset.train),
        valid=_part(dataset.valid),
        target=dataset.target and _part(dataset.target),
        tests={domain: _part(part) for domain, part in dataset.tests.items()},
        oracle=None if oracle is None else _oracle(oracle),
    )


def stretched(part: Unlabelled, rows: slice, name: str) -> np.ndarray:
    """Return some images as network inputs, float32 (…, C, H, W). name: of the dataset, which owns the stretch.

    Raises DataError where the stretch writes to the flux.
    """
    try:
        return np.asarray(part.stretch(read_only(np.asarray(part.images[rows]))), dtype=np.float32)
    except ValueError as error:
        if wrote_to_read_only(error):
            told = f"the stretch of dataset {name!r} writes to the flux that it is given ({error})"
            raise DataError(f"{told}: {COPY}, e.g. flux = flux.copy()") from error
        raise


def wrote_to_read_only(error: BaseException) -> bool:
    """Say whether an exception is NumPy's refusal to write to a read-only array."""
    return isinstance(error, ValueError) and any(words in str(error) for words in ("read-only", "WRITEABLE flag"))


def own_observation(seen: Observation | None) -> Observation | None:
    """Return an observation whose scene, where there is one, shares no memory with others."""
    return seen if seen is None or seen.scene is None else replace(seen, scene=own(seen.scene))


def _oracle(opened: Callable[[], Labelled]) -> Callable[[], Labelled]:
    def labelled() -> Labelled:
        return _part(opened())

    return labelled


def _part(part: Part) -> Part:
    arrays: dict[str, Any] = {
        name: read_only(value) for name, value in vars(part).items() if isinstance(value, np.ndarray)
    }
    seen = part.observation
    if seen is not None and seen.scene is not None:
        return replace(part, **arrays, observation=replace(seen, scene=read_only(seen.scene)))
    return replace(part, **arrays)


def _mapped_for_reading(array: object) -> bool:
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return bool(array.mode == "r")
        array = array.base
    return False
