"""Made-up galaxies of three classes, attacked and not, and a network that says of them what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from astrobench import DataError, Dataset, Exhibit, Labelled, Output, Prediction, Unlabelled
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSES = ("spiral", "elliptical", "merger")
IDS = np.array([f"g{n:02d}" for n in range(24)])
ATTACKED = np.arange(1, 24, 2)
SIDE = 8


class Net(nn.Module):
    """Two convolutions, a linear latent of 4, a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.last = nn.Conv2d(4, 5, 3, padding=1)
        self.bottleneck, self.head = nn.Linear(5 * SIDE * SIDE, 4), nn.Linear(4, 3)

    def forward(self, images: torch.Tensor) -> Output:
        """Return latent and logits; the rectifiers act in place, as in many networks."""
        maps = nn.functional.relu(self.norm(self.first(images)), inplace=True)
        maps = nn.functional.relu(self.last(maps), inplace=True)
        latent = self.bottleneck(maps.flatten(1))
        return Output(latent, self.head(latent))


def stretch(flux: np.ndarray) -> np.ndarray:
    """Return a tenth of the flux: any pure function would do."""
    return np.asarray(flux / 10, np.float32)


def network(seed: int = 0) -> Net:
    """Return the network of a seed, with a head that is sure of itself."""
    torch.manual_seed(seed)
    made = Net().eval()
    with torch.no_grad():
        made.head.weight *= 8
    return made


def dataset(other_ids: np.ndarray = IDS) -> Dataset:
    """Return 24 images in domains Y10 and Y1, the noisier one in another order of ids."""
    rng = np.random.default_rng(3)
    flux = rng.normal(3, 2, (24, 3, SIDE, SIDE)).astype(np.float32)
    noisy = (flux + rng.normal(0, 2, flux.shape)).astype(np.float32)
    labels = np.arange(24) % 3
    learned = Labelled(flux, IDS, stretch, labels=labels)
    other = Labelled(noisy[::-1], other_ids[::-1], stretch, labels=labels[::-1])
    return Dataset(
        train=learned, valid=learned, target=Unlabelled(noisy, IDS, stretch), tests={"Y10": learned, "Y1": other},
        unit="e-", pixel_scale=0.2, bands=("g", "r", "i"), classes=CLASSES, licence="none", citation="none",
        synthetic=True,
    )  # fmt: skip


def attack() -> dict[str, np.ndarray]:
    """Return the facts of an attack on every other image; all but the first succeed by their own account."""
    rng = np.random.default_rng(4)
    count = len(ATTACKED)
    return {
        "success": np.arange(count) > 0,
        "row": rng.integers(SIDE, size=count),
        "col": rng.integers(SIDE, size=count),
        "values": rng.uniform(4, 9, (count, 3)).astype(np.float32),
    }


def attacked_inputs() -> np.ndarray:
    """Return the stretched images of the attack, pixel by pixel."""
    part, facts = dataset().tests["Y10"], attack()
    inputs = part.stretch(part.images[ATTACKED])
    for image, row, col, values in zip(inputs, facts["row"], facts["col"], facts["values"], strict=True):
        image[:, row, col] = values
    return inputs


def prediction(made: nn.Module, ids: np.ndarray, inputs: np.ndarray, **more: Any) -> Prediction:
    """Return what a network says of stretched images."""
    with torch.inference_mode():
        latent, logits = (part.numpy() for part in made(torch.from_numpy(np.ascontiguousarray(inputs))))
    labels = np.array([int(name[1:]) % 3 for name in ids])
    return Prediction(**{"ids": ids, "latent": latent, "logits": logits, "labels": labels, "classes": CLASSES, **more})


def cells(methods: Sequence[str] = ("source_only",), **changed: Any) -> list[Exhibit]:
    """Return three cells of each method, whose place seeds its weights: Y10, Y1, and Y10 with one pixel changed."""
    found = []
    for seed, method in enumerate(methods):
        made = network(seed)
        parts = dataset().tests
        said = {name: prediction(made, part.ids, part.stretch(part.images)) for name, part in parts.items()}
        attacked = prediction(made, IDS[ATTACKED], attacked_inputs(), facts=attack())
        found += [
            cell(method, "Y10", said["Y10"], made, **changed),
            cell(method, "Y1", said["Y1"], made, **changed),
            cell(method, "Y10", attacked, made, **{"perturbation": "one_pixel", "clean": False, **changed}),
        ]
    return found


def cell(method: str, domain: str, said: Prediction, made: nn.Module, **changed: Any) -> Exhibit:
    """Return one cell."""
    values: dict[str, Any] = {
        "suite": "toy", "version": 3, "profile": "tiny", "dataset": "mock", "dataset_key": "d" * 64,
        "architecture": "net", "method": method, "domain": domain, "source": "Y10", "perturbation": "none",
        "clean": True, "seed": 0, "task": "classification", "synthetic": True, "unit": "e-", "classes": CLASSES,
        "reference": "source_only", "point": None,
        "predicted": lambda: said, "opened": dataset, "network": lambda: made, "history": not_stored,
    }  # fmt: skip
    values |= changed
    told = f"{method}{domain}{values['perturbation']}".encode().hex()
    return Exhibit(**{"key": told.ljust(64, "0")[:64], **values})


def not_stored() -> Any:
    """Refuse as the store does."""
    raise DataError("it is not in the store: run the suite again")
