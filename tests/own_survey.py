"""A tiny survey of one's own: cut-outs, their catalogue and a suite beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
name = "mine"
version = 1
title = "My survey"
metrics = ["classification"]

[axes]
dataset = [{ plugin = "image_folder", label = "mine", params = { catalogue = "CATALOGUE", source = "near", target = "far", size = 9 } }]
domain = ["near", "far"]
architecture = ["convnet"]
method = ["source_only"]
perturbation = ["none"]
seed = [0]

[training]
epochs = 1
batch_size = 4

[predict]
cka_images = 0
"""  # noqa: E501


def survey(folder: Path, *, catalogue: str = "labels.csv", images: int = 18) -> Path:
    """Write cut-outs of two classes in two domains, their catalogue and a suite; return the suite's path."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, rows = np.random.default_rng(1), ["path,label,domain,split"]
    for domain in ("near", "far"):
        for number in range(images):
            name = f"{domain}-{number}.npy"
            np.save(folder / name, rng.normal(number % 2, 0.5, (3, 9, 9)).astype(np.float32))
            rows.append(f"{name},{'ab'[number % 2]},{domain},{('train', 'valid', 'test')[number // 2 % 3]}")
    (folder / catalogue).write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "mine.toml").write_text(SUITE.replace("CATALOGUE", catalogue), encoding="utf-8")
    return folder / "mine.toml"
