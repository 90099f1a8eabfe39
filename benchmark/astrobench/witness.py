"""What the driver saw of a store before any scored plugin ran in this pass, and what each training told of itself.

A plugin runs as the user and may write into the results directory. The driver therefore scores from what it remembers:
truths by the hashes they had before, predictions by the hash that their own training answered with, and no score that
appeared or changed since. A forged file is not read; a store that was forged before the run began is not noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from astrobench.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench.store import Store


@dataclass(frozen=True)
class Witness:
    """The driver's memory. datasets: key → result. scores: key → result, or digest of it. predictions: cell → hash."""

    datasets: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    predictions: dict[str, str] = field(default_factory=dict)

    def see(self, store: Store, datasets: Iterable[str], cells: Iterable[str], scores: Iterable[str]) -> None:
        """Remember the results of these keys, where they are there."""
        self.datasets.update(_results(store, "datasets", datasets))
        self.predictions.update((key, kept["prediction"]) for key, kept in _results(store, "cells", cells))
        self.scores.update(_results(store, "scores", scores))

    def hear_training(self, cells: Iterable[str], told: Mapping[str, Any]) -> None:
        """Remember what a training answers of its own cells, and of no others."""
        answered = told.get("predictions", {})
        self.predictions.update((key, str(answered[key])) for key in cells if key in answered)

    def hear_scores(self, told: Mapping[str, Any]) -> None:
        """Remember what the scoring answers: digests."""
        self.scores.update(told.get("scores", {}))

    def knows(self, store: Store, score: str) -> bool:
        """Say whether a score is there and is the one that was seen."""
        kept = store.read("scores", score)
        return kept is not None and self.scores.get(score) in (kept["result"], key_of(kept["result"]))

    def of(self, places: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what the scoring of these places may rely on, as JSON types: {"datasets": …, "predictions": …}."""
        named = [there for place in places for there in place.values() if isinstance(there, dict)]
        return {
            "datasets": {n["dataset"]: self.datasets[n["dataset"]] for n in named if n["dataset"] in self.datasets},
            "predictions": {n["cell"]: self.predictions[n["cell"]] for n in named if n["cell"] in self.predictions},
        }


def _results(store: Store, kind: str, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
    found = ((key, store.read(kind, key)) for key in keys)
    return [(key, kept["result"]) for key, kept in found if kept is not None]
