"""A small, made-up sweep as records: 4 methods × 2 seeds × 4 cells, one cell failed, one score undefined."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from astrobench.records import Header, Row, pack_bits, write_rows
from astrobench.types import Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

N = 200
ACCURACY = {
    "source_only": {"Y10": 0.90, "Y1": 0.55},
    "mmd": {"Y10": 0.88, "Y1": 0.75},
    "mmd_deepadversaries": {"Y10": 0.88, "Y1": 0.74},
    "target_only": {"Y10": 0.70, "Y1": 0.88},
}
CELLS = (("Y10", "none"), ("Y1", "none"), ("Y10", "one_pixel"), ("Y1", "one_pixel"))
PROVENANCE = {
    "environment": {"python": "3.11.7", "packages": {"astrobench": "0.1.0", "torch": "2.14.1"}, "device": "cpu"},
    "fingerprint": "0a1b2c3d4e5f",
    "commit": {"commit": "388d88612345678", "dirty": True},
    "plugins": {"method": "mmd from astrobench 0.1.0, source 123456789abc"},
    "training_seconds": 61.5,
    "seconds": 1.25,
    "peak_bytes": 2**30,
}
COLUMNS = (
    {"title": "ID accuracy", "score": "accuracy", "domain": "Y10", "percent": True, "help": "ten-year images"},
    {"title": "OOD accuracy", "score": "accuracy", "domain": "Y1", "percent": True, "help": "one-year images"},
    {"title": "OOD gain", "score": "accuracy", "domain": "Y1", "kind": "gain", "percent": True},
    {"title": "OOD ECE", "score": "ece", "domain": "Y1"},
    {"title": "latent distance", "score": "latent_distance", "domain": "Y1"},
    {"title": "attack success", "score": "success", "domain": "Y10", "perturbation": "one_pixel", "percent": True},
    {"title": "generations", "score": "generations", "domain": "Y10", "perturbation": "one_pixel"},
)
SUITE: dict[str, Any] = {
    "name": "fake",
    "version": 1,
    "title": "Galaxies that do not exist",
    "description": "Made-up numbers for tests.",
    "synthetic": True,
    "reference": "source_only",
    "columns": COLUMNS,
    "rank": {"domain": "Y1", "perturbation": "none"},
    "published": (
        {"architecture": "ResNet18", "method": "source_only", "column": "OOD accuracy", "value": 0.42874,
         "source": "Ćiprijanović et al. 2022, DAold[40]"},
        {"architecture": "ResNet18", "method": "mmd", "column": "OOD accuracy", "text": "not recovered",
         "source": "Table 4"},
        {"architecture": "ViT", "method": "mmd", "column": "JS distance", "value": 0.25, "text": "about",
         "source": "talk"},
    ),
}  # fmt: skip


def rows(
    architectures: Sequence[str] = ("ConvNet", "ResNet18"),
    seeds: Sequence[int] = (0, 1),
    accuracy: dict[str, dict[str, float]] = ACCURACY,
    images: int = N,
) -> list[Row]:
    """Return the sweep. One attack of ResNet18 failed; nothing was flipped for ConvNet mmd, seed 1."""
    found = [
        _row(architecture, method, domain, perturbation, seed, accuracy[method][domain], images)
        for architecture in architectures
        for method in accuracy
        for seed in seeds
        for domain, perturbation in CELLS
    ]
    return [_marred(row) for row in found]


def folder(root: Path, found: Iterable[Row], name: str = "laptop", **suite: Any) -> Path:
    """Write records into a leaderboard's folder and return it."""
    (root / "records").mkdir(parents=True, exist_ok=True)
    header = Header({**SUITE, **suite}, "laptop", "astrobench run --suite fake --profile laptop")
    write_rows(root / "records" / f"{name}.jsonl", header, found)
    return root


def outcomes(row_seed: int, p: float, images: int) -> np.ndarray:
    """Return bool (N,): which images are right. Images differ in difficulty, the same for every method."""
    difficulty = np.random.default_rng(7).random(images)
    noise = np.random.default_rng(row_seed).random(images)
    return np.argsort(np.argsort(0.6 * difficulty + 0.4 * noise)) < round(p * images)


def _row(
    architecture: str, method: str, domain: str, perturbation: str, seed: int, accuracy: float, images: int
) -> Row:
    scope = sum(map(ord, architecture + method + domain + perturbation)) + 1000 * seed
    correct = outcomes(scope, accuracy - 0.1 * (perturbation == "one_pixel") + 0.01 * seed, images)
    jitter = np.random.default_rng(scope).normal()
    scores = {
        "accuracy": Score(float(correct.mean()), better="higher", se=0.02, n=images),
        "ece": Score(0.08 + 0.01 * jitter, better="lower"),
        "latent_distance": Score(12.3 + jitter, se=0.4, n=images),
    }
    if perturbation == "one_pixel":
        scores["success"] = Score(0.4 + 0.02 * jitter, better="lower")
        scores["generations"] = Score(31.0 + jitter, unit="generations", better="higher")
    return Row(
        dataset="lsst_mock", domain=domain, architecture=architecture, method=method, perturbation=perturbation,
        seed=seed, cell=f"cell{scope}", training=f"{architecture}{method}{seed}", status="ok",
        oracle=method == "target_only", scores=scores, correct=pack_bits(correct), correct_n=images,
        provenance=PROVENANCE,
    )  # fmt: skip


def _marred(row: Row) -> Row:
    place = (row.architecture, row.method, row.domain, row.perturbation, row.seed)
    if place == ("ResNet18", "mmd", "Y10", "one_pixel", 1):
        return replace(row, status="timeout", reason="no end after 60 s", scores={}, correct="", correct_n=0)
    if place == ("ConvNet", "mmd", "Y10", "one_pixel", 1):
        lost = Score(float("nan"), unit="generations", better="higher", note="no image was flipped")
        return replace(row, scores={**row.scores, "generations": lost})
    return row
