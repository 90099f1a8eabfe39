"""Gram matrices of a network's layers, formed while it runs: all that CKA needs, at a thousandth of the activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from astrobench.errors import PluginError, did_you_mean
from astrobench.layers import hooked
from astrobench.seeds import seed_of
from astrobench.similarity import FEWEST_IMAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

OWN = "*"
"""Stands for the layers that an architecture names itself."""
CACHED = 1 << 17
"""Numbers of a block of features, 512 kB of float32: it is centred where the next product finds it, in the cache."""
UNEVEN = 16
"""Features that a block lacks of a power of two, at which all its rows would fall upon the same lines of a cache."""


def layers_of(model: nn.Module, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the names of layers: a name is itself, a class ("Conv2d") all its modules, "*" the architecture's own.

    Names come in the order in which they are asked for, the modules of a class in the order in which they stand.
    Raises PluginError for what is neither.
    """
    modules = dict(model.named_modules())
    found: dict[str, None] = {}
    for word in asked:
        kind = [name for name, module in modules.items() if name and type(module).__name__ == word]
        some = tuple(getattr(model, "layers", ())) if word == OWN else (word,) if word in modules else tuple(kind)
        if not some and word != OWN:
            known = {*modules, *(type(module).__name__ for module in modules.values())} - {""}
            raise PluginError(f"the network has no layer {word!r}{did_you_mean(word, known)}")
        found |= dict.fromkeys(some)
    return tuple(found)


def cka_rows(ids: np.ndarray, wanted: int, size: int, passes: int = 1) -> np.ndarray:
    """Return which images make each batch of the CKA, int64 (nb, n); of shape (0, 0) where there are fewer than four.

    At most `wanted` of the images str (N,), in whole batches of at most `size`, in an order drawn from their ids alone:
    two domains that hold the same objects have them in the same batches, and the maps of one simulation, which stand
    side by side in a file, are spread over all of them. Each further pass shuffles the same images anew.
    """
    usable = min(len(ids), wanted)
    size = min(size, usable)
    if size < FEWEST_IMAGES:
        return np.zeros((0, 0), np.int64)
    chosen = _drawn(ids, "images")[: usable // size * size]
    orders = [chosen[_drawn(ids[chosen], f"pass {number}")] for number in range(passes)]
    return np.concatenate(orders).reshape(-1, size)


@torch.inference_mode()
def grams(
    model: nn.Module, inputs: torch.Tensor, layers: Sequence[str], rows: np.ndarray, *, pooled: bool = False
) -> np.ndarray:
    """Return float64 (L, nb, n, n): each layer's Gram matrix on the batches of images that int64 (nb, n) rows name.

    Activations are never kept. pooled: over the mean of each feature map instead of its pixels.
    Raises ValueError for a layer that runs more than once in a pass, PluginError for one that does not exist.
    """
    model.eval()
    batches, n = rows.shape
    found = torch.zeros(len(layers), batches, n, n, dtype=torch.float64)
    place = {name: index for index, name in enumerate(layers)}
    for batch, some in enumerate(rows):
        ran: set[str] = set()

        def see(name: str, output: torch.Tensor, batch: int = batch, ran: set[str] = ran) -> None:
            if name in ran:
                raise ValueError(f"layer {name!r} runs more than once in a pass: its CKA would be ambiguous")
            ran.add(name)
            found[place[name], batch] = gram(features(output, pooled=pooled)).cpu()

        with hooked(model, layers, see):
            model(inputs[torch.from_numpy(some).to(inputs.device)])
    result: np.ndarray = found.numpy()
    return result


def features(output: torch.Tensor, *, pooled: bool) -> torch.Tensor:
    """Return a layer's output (n, C, …) as float32 (n, p), without a copy where the memory allows it.

    In which order the features stand changes no Gram matrix, so maps are read as they lie, channels last or not.
    """
    if pooled and output.ndim > 2:
        return output.float().flatten(2).mean(dim=2)
    laid = output if output.is_contiguous() else output.movedim(1, -1)
    return laid.float().flatten(1)


def gram(values: torch.Tensor) -> torch.Tensor:
    """Return the Gram matrix float64 (n, n) of features float32 (n, p), centred over the n images.

    Products of blocks are float32, their sums float64: the error is that of one block's product, 1e-7. Without the
    centring, an offset of 100 σ would cost the products their last digits; what rounding leaves of the mean is the
    same for every image, and U-centring takes it away.
    """
    n = len(values)
    total = torch.zeros(n, n, dtype=torch.float64, device=values.device)
    mean = values.new_full((1, n), 1 / n)
    for block in torch.split(values, max(UNEVEN, CACHED // n - UNEVEN), dim=1):
        centred = block - mean @ block  # as a product a third of the time of a mean over the rows
        total += centred @ centred.T
    return total


def _drawn(ids: np.ndarray, purpose: str) -> np.ndarray:
    """Return an order of names that depends on each name and the purpose only."""
    return np.argsort([seed_of("cka", purpose, name) for name in ids], kind="stable")
