"""The rules by which an epoch of a training is picked. None of them sees a target label.

"last" takes the network as it is when the training ends, "source_valid" the best accuracy on the source validation
set; each other rule is a validator: a number for every kept epoch, from what the network says of source validation
images with their labels and of target training images without.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VALIDATORS: dict[str, str] = {
    "bnm": "astrobench.validators.bnm:bnm",
    "class_cluster": "astrobench.validators.class_cluster:class_cluster",
    "dev": "astrobench.validators.dev:dev",
    "entropy": "astrobench.validators.entropy:entropy",
    "information_maximisation": "astrobench.validators.entropy:information_maximisation",
    "mmd": "astrobench.validators.mmd:mmd",
    "snd": "astrobench.validators.snd:snd",
}
"""Name → "module:function", f(Snapshot) → float, higher is better. A new validator earns one line here."""

RULES = ("last", "source_valid", *VALIDATORS)
"""What `training.selection` of a suite may say."""


def highest(values: Mapping[int, float | None]) -> int | None:
    """Return the epoch of the highest value, the first of equals; None where no value is a number."""
    known = {epoch: value for epoch, value in values.items() if value is not None and not math.isnan(value)}
    return max(sorted(known), key=known.__getitem__, default=None)


def picks(
    epochs: Sequence[int], source_valid: int, values: Mapping[str, Sequence[float | None]]
) -> dict[str, int]:  # fmt: skip
    """Return rule → the epoch that it picks among the kept ones.

    source_valid: the epoch that is best on the source validation set. values: of each validator, one a kept epoch;
    a validator without any number falls back on the last epoch.
    """
    last = max(epochs)
    found = {name: highest(dict(zip(epochs, told, strict=True))) for name, told in values.items()}
    return {"last": last, "source_valid": source_valid} | {
        name: last if epoch is None else epoch for name, epoch in found.items()
    }
