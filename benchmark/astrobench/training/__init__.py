"""The one training loop that all methods share."""

from __future__ import annotations

from astrobench.training.loop import train
from astrobench.training.state import Checkpoint, Material, Run

__all__ = ["Checkpoint", "Material", "Run", "train"]
