"""From a trained network to what is stored of it: latents, logits, and the Gram matrices that CKA needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from astrobench.grams import cka_rows, grams, layers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from torch import nn


@torch.inference_mode()
def predict(model: nn.Module, inputs: torch.Tensor, size: int) -> dict[str, np.ndarray]:
    """Return latent float32 (N, F) and logits float32 (N, K) of inputs float32 (N, C, H, W).

    Small batches: on a CPU, large ones are slower.
    """
    model.eval()
    outputs = [model(images.clone()) for images in torch.split(inputs, size)]  # a network may work in place
    latent, logits = (torch.cat([output[i].float() for output in outputs]).cpu().numpy() for i in (0, 1))
    return {"latent": latent, "logits": logits}


def seen_by_cka(
    model: nn.Module, inputs: torch.Tensor, ids: np.ndarray, rules: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return (grams float64 (L, nb, n, n) and gram_rows int64 (nb, n) as `Prediction` has them, the layers' names).

    ids: str (N,), of inputs float32 (N, C, H, W). rules: a suite's `[predict]`. Without images or layers to compare
    there are no arrays.
    """
    layers = layers_of(model, rules["cka_layers"])
    rows = cka_rows(ids, rules["cka_images"], rules["cka_batch"], rules["cka_passes"])
    if not layers or not rows.size:
        return {}, layers
    return {"grams": grams(model, inputs, layers, rows, pooled=rules["cka_pool"] == "gap"), "gram_rows": rows}, layers


def stored(prediction: Mapping[str, np.ndarray], facts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a prediction and the facts of its perturbation under the names the store keeps them by."""
    return {**prediction, **{f"fact/{name}": value for name, value in facts.items()}}
