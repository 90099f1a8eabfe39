"""What a perturbation returned, checked before anything is computed from it: each refusal names the plugin."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from astrobench.errors import PluginError
from astrobench.types import Perturbed

if TYPE_CHECKING:
    from astrobench.types import Batch

FACT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""What the name of a fact is: it becomes the name of an array in a file."""
MOST_FACTS = 64
MOST = float(np.finfo(np.float32).max)
NUMBERS = tuple(map(np.dtype, ("bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")))
"""What a file of arrays can hold."""


def check_returned(changed: Any, batch: Batch, name: str) -> np.ndarray:
    """Return which images of a batch a perturbation returned, int64 (M,): what it says, or all.

    name: the plugin, for a message. Raises PluginError for rows, images or facts that are not as `Perturbed` has them.
    """
    if not isinstance(changed, Perturbed) or (changed.flux is None) == (changed.inputs is None):
        kind = "" if isinstance(changed, Perturbed) else f", not {type(changed).__name__}"
        raise PluginError(f"{name} must return astrobench.Perturbed with exactly one of flux and inputs{kind}")
    total = len(batch.ids)
    rows = np.arange(total) if changed.rows is None else checked_rows(changed.rows, total, name)
    _check_images(changed, (len(rows), *batch.flux.shape[1:]), name)
    check_facts(changed.facts, len(rows), name)
    return rows


def checked_rows(rows: Any, total: int, name: str) -> np.ndarray:
    """Return rows as int64 (M,). Raises PluginError unless they are rows of `total` images, each at most once."""
    allowed = f"expected int64 (M,), each of 0 … {total - 1} at most once"
    if not isinstance(rows, np.ndarray) or rows.ndim != 1 or rows.dtype.kind not in "iu":
        told = f"{rows.dtype} {rows.shape}" if isinstance(rows, np.ndarray) else type(rows).__name__
        mask = "; np.flatnonzero(mask) turns a mask into rows" if told.startswith("bool") else ""
        raise PluginError(f"{name} returned rows as {told}, {allowed}{mask}")
    outside = rows[(rows < 0) | (rows >= total)]
    if outside.size:
        raise PluginError(f"{name} returned row {int(outside[0])} of {total} images, {allowed}")
    known, counts = np.unique(rows, return_counts=True)
    if len(known) < len(rows):
        most = int(counts.argmax())
        raise PluginError(f"{name} returned row {int(known[most])} {int(counts[most])} times, {allowed}")
    return rows.astype(np.int64)


def check_facts(facts: Any, count: int, name: str) -> None:
    """Raise PluginError unless facts are named arrays of finite numbers, one row an image."""
    if not isinstance(facts, Mapping):
        raise PluginError(f"{name} returned facts as {type(facts).__name__}, expected a mapping from name to array")
    if len(facts) > MOST_FACTS:
        raise PluginError(f"{name} returned {len(facts)} facts, allowed are {MOST_FACTS}")
    for fact, values in facts.items():
        if not isinstance(fact, str) or not FACT.fullmatch(fact):
            told = f"{repr(fact)[:60]}, expected a letter and up to 63 letters, digits and '_'"
            raise PluginError(f"{name} returned a fact named {told}")
        if not isinstance(values, np.ndarray) or values.dtype not in NUMBERS:
            told = f"an array of {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__
            raise PluginError(f"{name} returned fact {fact!r} as {told}, expected an array of native numbers or bool")
        if values.ndim == 0 or len(values) != count:
            raise PluginError(f"{name} returned fact {fact!r} of shape {values.shape}, expected {count} rows")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise PluginError(f"{name} returned fact {fact!r} with NaN or infinity, expected finite numbers")


def _check_images(changed: Perturbed, shape: tuple[int, ...], name: str) -> None:
    field, images = ("inputs", changed.inputs) if changed.flux is None else ("flux", changed.flux)
    kind: Any = torch.Tensor if field == "inputs" else np.ndarray
    if not isinstance(images, kind):
        raise PluginError(f"{name} returned {field} as {type(images).__name__}, expected {kind.__name__}")
    if tuple(images.shape) != shape:
        raise PluginError(f"{name} returned images {tuple(images.shape)}, expected {shape}")
    numbers = images.dtype.kind in "biuf" if isinstance(images, np.ndarray) else images.dtype == torch.float32
    if not numbers:
        raise PluginError(f"{name} returned {field} of {images.dtype}, expected float32")
    if math.prod(shape) and not all(abs(float(end)) <= MOST for end in (images.min(), images.max())):
        raise PluginError(f"{name} returned images with NaN or infinite pixels, expected finite float32")
