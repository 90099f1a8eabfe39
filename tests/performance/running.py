"""The races, and one of them run: what a spawned process imports by name."""

from __future__ import annotations

import importlib
import traceback
from typing import TYPE_CHECKING

from .table import absent

if TYPE_CHECKING:
    from .table import Row

RACES = ("attacks", "training", "drawing", "cka", "harness", "startup")


def run(race: str, rounds: int) -> list[Row]:
    """Return the rows of a race; one that ends in an error is a row that says so."""
    try:
        return list(importlib.import_module(f"tests.performance.{race}").rows(rounds))
    except Exception as error:
        traceback.print_exc()
        return [absent(race, "", f"did not run: {type(error).__name__}: {str(error).splitlines()[:1]}")]
