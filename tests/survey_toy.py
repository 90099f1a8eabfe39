"""A survey of a group's own: two domains of small pictures, the second labelled as far as a test wants."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from astrobench.exporting import write_predictions
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.engine import Sweep

GALAXIES, SIDE = 20, 16
CLASSES = ("elliptical", "spiral")
METHODS = ["source_only", "mmd", "target_only"]
METRICS = ["classification", "latent_distance", "latent_distance_ratio", "attack", "confusion"]


def survey(folder: Path, *, paired: bool, labelled: int = 0) -> Path:
    """Write 20 galaxies of each of two surveys, the second of them labelled for as many as are given."""
    stream, lines = np.random.default_rng(1), ["path,label,domain" + (",id" if paired else "")]
    (folder / "img").mkdir(parents=True)
    for number in range(GALAXIES):
        for domain, light in (("near", 1.0), ("far", 0.7)):
            y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
            glow = light * 180 * np.exp(-np.hypot(x, y) / (2 + 2 * (number % 2)))
            pixels = np.clip(glow[..., None] + stream.normal(12, 6, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"img/{domain}-{number:03}.png")
            label = CLASSES[number % 2] if domain == "near" or number < labelled else ""
            lines.append(f"img/{domain}-{number:03}.png,{label},{domain}" + (f",g{number:03}" if paired else ""))
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def suite(folder: Path, **changed: Any) -> dict[str, Any]:
    params = {"catalogue": str(folder / "labels.csv"), "source": "near", "target": "far", "size": SIDE}
    axes = {
        "dataset": [{"plugin": "image_folder", "label": "mine", "params": params}], "domain": ["near", "far"],
        "architecture": ["convnet"], "method": METHODS, "perturbation": ["none"], "seed": [0],
    }  # fmt: skip
    body = {"name": "mine", "version": 1, "title": "Mine", "metrics": METRICS, "axes": axes}
    return {**body, "training": {"epochs": 1, "batch_size": 4, "selection": "entropy"}, **changed}


def written(sweep: Sweep, folder: Path, *, latents: bool = False) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Write the predictions, and read both files back."""
    seen = {"datasets": sweep.witness.datasets, "predictions": sweep.witness.predictions}
    files, troubles = write_predictions(sweep.plan, sweep.store, seen, folder, latents=latents)
    assert troubles == []
    assert [path.name for path in files] == ["mine.far.csv", "mine.far.parquet"]
    with files[0].open(newline="", encoding="utf-8") as file:
        return pd.read_parquet(files[1]), list(csv.DictReader(file))
