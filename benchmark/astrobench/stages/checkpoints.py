"""Where a killed training goes on: its last finished epoch, in one file that is whole or absent."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load, save

from astrobench.store import write_atomically
from astrobench.training import Checkpoint, Run

if TYPE_CHECKING:
    from pathlib import Path

    import torch


def checkpoint_in(folder: Path, device: torch.device) -> Checkpoint:
    """Return a checkpoint that lives in a folder: safetensors behind one line of JSON with its hash."""
    path = folder / "last"

    def keep(run: Run, tensors: dict[str, torch.Tensor]) -> None:
        best = {f"best/{name}": value for name, value in run.best.items()}
        data = save({name: value.contiguous().cpu() for name, value in {**tensors, **best}.items()})
        head = {
            "sha256": hashlib.sha256(data).hexdigest(),
            "run": {"epoch": run.epoch, "history": run.history, "best_epoch": run.best_epoch, "seconds": run.seconds},
        }
        write_atomically(path, json.dumps(head).encode() + b"\n" + data, replace=True)

    def take() -> tuple[Run, dict[str, torch.Tensor]] | None:
        try:
            line, data = path.read_bytes().split(b"\n", 1)
            head = json.loads(line)
            if hashlib.sha256(data).hexdigest() != head["sha256"]:
                return None
            tensors = {name: value.to(device) for name, value in load(data).items()}
        except (OSError, ValueError, KeyError, SafetensorError):
            return None  # no checkpoint, or a damaged one: the training starts anew
        best = {name.removeprefix("best/"): value for name, value in tensors.items() if name.startswith("best/")}
        rest = {name: value for name, value in tensors.items() if not name.startswith("best/")}
        return Run(best=best, **head["run"]), rest

    return Checkpoint(load=take, save=keep)


def drop_checkpoint(folder: Path) -> None:
    """Remove a checkpoint that is no longer needed."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
