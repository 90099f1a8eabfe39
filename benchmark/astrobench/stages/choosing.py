"""Which epoch of a finished training a rule picks, from what was kept of it: nothing is trained and no label of the
target is read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from astrobench.rules import VALIDATORS, picks
from astrobench.stages.readonly import read_only
from astrobench.validators import Snapshot, validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench.store import Store

Values = dict[str, list[float | None]]


def epoch_by(rule: str, store: Store, trained: Mapping[str, Any]) -> int:
    """Return the epoch that a rule picks. trained: the result of a training.

    An oracle learns the target: source validation must not pick its epoch, and it stands for the last one.
    """
    asked = [rule] if rule in VALIDATORS and not trained["oracle"] else []
    found = picks(trained["epochs"], trained["source_valid"], values(asked, store, trained))
    return found["last" if trained["oracle"] else rule]


def all_picks(store: Store, trained: Mapping[str, Any]) -> dict[str, int]:
    """Return rule → epoch for every rule that this training allows."""
    return picks(trained["epochs"], trained["source_valid"], values(VALIDATORS, store, trained))


def values(names: Iterable[str], store: Store, trained: Mapping[str, Any]) -> Values:
    """Return validator → its value at each kept epoch, None where it cannot tell. None at all for a regression."""
    names = list(names)
    if not names or not trained["told"]:
        return {}
    labels = store.get(trained["images"])["valid_labels"]
    shown = [_snapshot(store.get(digest), labels) for digest in trained["told"]]
    return {name: [_value(name, one) for one in shown] for name in names}


def _snapshot(arrays: Mapping[str, np.ndarray], labels: np.ndarray) -> Snapshot:
    names = ("valid/latent", "valid/logits", "target/latent", "target/logits")
    source_latent, source_logits, target_latent, target_logits = (
        read_only(arrays[name].astype(np.float64)) for name in names
    )
    return Snapshot(source_latent, source_logits, read_only(labels), target_latent, target_logits)


def _value(name: str, shown: Snapshot) -> float | None:
    arrays = (shown.source_latent, shown.source_logits, shown.target_latent, shown.target_logits)
    if not all(np.isfinite(array).all() for array in arrays):
        return None
    found = validator(name)(shown)
    return found if math.isfinite(found) else None
