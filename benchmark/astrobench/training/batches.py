"""Which images make a training batch, and how they are turned. Depends on (dataset, seed, epoch), on no method."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from astrobench.seeds import seed_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def generator(*scope: object) -> torch.Generator:
    """Return a CPU generator for one purpose, seeded by the words of its scope."""
    return torch.Generator().manual_seed(seed_of(*scope))


def steps_in(n: int, size: int) -> int:
    """Return the full batches in one pass over n images: the last short one is left out."""
    return max(n // size, 1)


def batches(n: int, size: int, steps: int, stream: torch.Generator, *, independent: bool) -> Iterator[torch.Tensor]:
    """Yield `steps` batches of indices, int64 (size,).

    Each pass is a new permutation, and passes follow one another for as long as batches are asked for.
    independent: every batch is the head of a permutation of its own, as published (quirk "random_batches").
    """
    size = min(n, size)
    left = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        if independent:
            yield torch.randperm(n, generator=stream)[:size]
            continue
        if len(left) < size:
            left = torch.randperm(n, generator=stream)
        yield left[:size]
        left = left[size:]


def turned(images: torch.Tensor, ways: Sequence[str], stream: torch.Generator) -> torch.Tensor:
    """Turn each square image by its own draw: quarter turns ("rotations") and mirrors ("flips").

    images: float32 (B, C, H, W). An image without a preferred direction keeps its label under all eight.
    """
    quarter = torch.randint(4 if "rotations" in ways else 1, (len(images),), generator=stream)
    mirror = torch.randint(2 if "flips" in ways else 1, (len(images),), generator=stream)
    result = torch.empty_like(images)
    for turn in range(4):
        for flip in range(2):
            rows = ((quarter == turn) & (mirror == flip)).nonzero().flatten().to(images.device)
            if len(rows):
                some = images[rows].rot90(turn, (2, 3))
                result[rows] = some.flip(3) if flip else some
    return result
