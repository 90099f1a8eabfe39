"""Where a killed training goes on: its last finished epoch, and what it said at some. Files are whole or absent.

A file has the hash of the rest in its first line, one line of JSON, and safetensors, which know no order of memory but
one: the strides that tensors had stand in the JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from astrobench.store import write_atomically
from astrobench.training import Checkpoint, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torch import nn

    from astrobench.training.state import Tensors

Teller = "Callable[[nn.Module], Tensors]"


def checkpoint_in(folder: Path, device: torch.device, tell: Callable[[nn.Module], Tensors]) -> Checkpoint:
    """Return a checkpoint that lives in a folder. tell: what is kept of a network beside its weights."""

    def put(run: Run, tensors: Tensors) -> None:
        tensors = tensors | {f"best/{name}": value for name, value in run.best.items()}
        strides = {name: torch.empty_like(value, device="meta").stride() for name, value in tensors.items()}
        head = {"run": {name: v for name, v in vars(run).items() if name != "best"}, "strides": strides}
        _seal(folder / "last", head, tensors)

    def take() -> tuple[Run, Tensors] | None:
        try:
            head, tensors = _opened(folder / "last")
            for epoch in head["run"]["kept"]:
                _opened(_kept(folder, epoch))
            tensors = {name: _laid(value, head["strides"][name], device) for name, value in tensors.items()}
        except (OSError, ValueError, KeyError, SafetensorError):
            return None  # no checkpoint, or a damaged one: the training starts anew
        best = {name.removeprefix("best/"): value for name, value in tensors.items() if name.startswith("best/")}
        rest = {name: value for name, value in tensors.items() if not name.startswith("best/")}
        return Run(best=best, **head["run"]), rest

    def keep(epoch: int, model: nn.Module) -> None:
        weights = {f"weights/{name}": value for name, value in model.state_dict().items()}
        said = {f"told/{name}": value for name, value in tell(model).items()}
        _seal(_kept(folder, epoch), {}, weights | said)

    return Checkpoint(load=take, save=put, keep=keep)


def kept_at(folder: Path, epoch: int, part: str) -> Tensors:
    """Return what was kept at an epoch. part: "weights" or "told"."""
    _, tensors = _opened(_kept(folder, epoch))
    return {name.removeprefix(f"{part}/"): value for name, value in tensors.items() if name.startswith(f"{part}/")}


def drop_checkpoint(folder: Path) -> None:
    """Remove a checkpoint that is no longer needed."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _kept(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch:05d}"


def _laid(value: torch.Tensor, strides: Sequence[int], device: torch.device) -> torch.Tensor:
    """Return a tensor on a device, in the memory order that these strides give it."""
    return torch.empty_strided(value.shape, strides, dtype=value.dtype, device=device).copy_(value)


def _seal(path: Path, head: Mapping[str, Any], tensors: Tensors) -> None:
    """Write one line of JSON and safetensors behind their hash."""
    data = save({name: value.contiguous().cpu() for name, value in tensors.items()})
    body = json.dumps(head).encode() + b"\n" + data
    write_atomically(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body, replace=True)


def _opened(path: Path) -> tuple[dict[str, Any], Tensors]:
    """Return what `_seal` wrote. Raises OSError, ValueError or SafetensorError where it is absent or damaged."""
    digest, body = path.read_bytes().split(b"\n", 1)
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError(f"{path} is damaged")
    line, data = body.split(b"\n", 1)
    head: dict[str, Any] = json.loads(line)
    return head, load(data)
