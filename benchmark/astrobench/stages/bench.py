"""What the cells of one training share, and the machine they run on."""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from astrobench.parallel import limit_threads
from astrobench.stages.readonly import stretched

if TYPE_CHECKING:
    from astrobench.plan import Job
    from astrobench.registry import Registry
    from astrobench.store import Store
    from astrobench.types import Dataset, Unlabelled


@dataclass(frozen=True, eq=False)
class Bench:
    """What the cells of one training share. attempt: how often they have been tried, this time among them."""

    store: Store
    registry: Registry
    job: Job
    dataset: Dataset
    device: torch.device
    attempt: int = 1

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The lowest and highest input value that the source training set reaches."""
        train = self.dataset.train
        starts = range(0, len(train.images), 512)
        parts = (stretched(train, slice(start, start + 512), self.job.dataset.label) for start in starts)
        ends = [(float(part.min()), float(part.max())) for part in parts]
        return min(low for low, _ in ends), max(high for _, high in ends)


def inputs_of(bench: Bench, part: Unlabelled) -> torch.Tensor:
    """Return stretched images as a float32 (N, C, H, W) tensor on the device, channels last."""
    images = torch.empty(part.images.shape, dtype=torch.float32, memory_format=torch.channels_last)
    for start in range(0, len(images), 512):
        images.numpy()[start : start + 512] = stretched(part, slice(start, start + 512), bench.job.dataset.label)
    return images.to(bench.device)


def steady(threads: int) -> None:
    """Fix what would change the bits of a number: threads and kernels. Keep the heap, which the clock feels."""
    torch.set_num_threads(threads)
    limit_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=False)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # costs a tenth of a step
    torch.backends.cudnn.benchmark = False
    with contextlib.suppress(OSError, AttributeError):  # glibc: do not hand each activation back to the kernel
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 1 << 30), libc.mallopt(-1, (1 << 31) - 1)
