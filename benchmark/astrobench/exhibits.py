"""What a figure is given of a stored cell, and who draws it.

The house has seven hooks and figures are none of them: no number rests on a figure. So the package that draws is found
by its name, when it is needed, and the core knows of it no more than its `draw`, `check` and `FIGURES`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from torch import nn

    from astrobench.severities import Point
    from astrobench.types import Dataset, Prediction, Task

PACKAGE = "astrobench_figures"


def drawers() -> ModuleType:
    """Return the package that draws figures. It is light: what draws is imported when it does."""
    return importlib.import_module(PACKAGE)


@dataclass(frozen=True, eq=False)
class Exhibit:
    """A predicted cell as a figure may show it: what its record is called, and what opens its arrays.

    key and dataset_key: of the stored cell and of its dataset. source: the domain that was learned. clean: whether
    nothing perturbed the images. synthetic and unit: as the dataset says. predicted: opens the prediction beside its
    truth. opened: opens the dataset, which may draw or map files. network: opens the trained network, on the CPU and in
    eval mode. history: what the training was told after each epoch. The last two raise DataError where the store holds
    them no longer: nothing is trained. classes: of the dataset; names of the targets of a regression. reference: the
    method that others are held against. point: where on which severity curve the perturbation lies, None for no curve.
    labelled: whether the labels of its images are known.
    """

    suite: str
    version: int
    profile: str
    dataset: str
    dataset_key: str
    architecture: str
    method: str
    domain: str
    source: str
    perturbation: str
    clean: bool
    seed: int
    key: str
    task: Task
    synthetic: bool
    unit: str
    classes: tuple[str, ...]
    reference: str
    point: Point | None
    predicted: Callable[[], Prediction]
    opened: Callable[[], Dataset]
    network: Callable[[], nn.Module]
    history: Callable[[], list[dict[str, Any]]]
    labelled: bool = True
