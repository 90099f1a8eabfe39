"""From a trained network to what is stored of it: latents, logits, and the Gram matrices that CKA needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from astrobench.layers import hooked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from torch import nn


@torch.inference_mode()
def predict(model: nn.Module, inputs: torch.Tensor, size: int) -> dict[str, np.ndarray]:
    """Return latent float32 (N, F) and logits float32 (N, K) of inputs float32 (N, C, H, W).

    Small batches: on a CPU, large ones are slower.
    """
    model.eval()
    outputs = [model(images) for images in torch.split(inputs, size)]
    latent, logits = (torch.cat([output[i].float() for output in outputs]).cpu().numpy() for i in (0, 1))
    return {"latent": latent, "logits": logits}


@torch.inference_mode()
def grams(model: nn.Module, inputs: torch.Tensor, layers: Sequence[str], n: int) -> np.ndarray:
    """Return float64 (L, nb, n, n): each layer's Gram matrix on the nb whole batches of n images.

    Features are flattened, centred over the batch and multiplied in float64 inside the hook, so activations are
    never kept: an offset of 100 σ would otherwise cost the float32 product its last digits.
    """
    model.eval()
    whole = len(inputs) // n
    found = torch.zeros(len(layers), whole, n, n, dtype=torch.float64)
    place = {name: index for index, name in enumerate(layers)}
    for batch in range(whole):
        counts = dict.fromkeys(layers, 0)

        def see(name: str, output: torch.Tensor, batch: int = batch, counts: dict[str, int] = counts) -> None:
            counts[name] += 1
            if counts[name] > 1:
                raise ValueError(f"layer {name!r} runs more than once in a pass: its CKA would be ambiguous")
            features = output.detach().flatten(1).double()
            features = features - features.mean(0)
            found[place[name], batch] = (features @ features.T).cpu()

        with hooked(model, layers, see):
            model(inputs[batch * n : (batch + 1) * n])
    result: np.ndarray = found.numpy()
    return result


def cka_batches(total: int, wanted: int, size: int) -> tuple[int, int]:
    """Return (images, batch) for the CKA: whole batches only, at most `wanted` images; (0, 0) for fewer than 4."""
    usable = min(total, wanted)
    size = min(size, usable)
    return (usable // size * size, size) if size >= 4 else (0, 0)


def stored(prediction: Mapping[str, np.ndarray], facts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a prediction and the facts of its perturbation under the names the store keeps them by."""
    return {**prediction, **{f"fact/{name}": value for name, value in facts.items()}}
