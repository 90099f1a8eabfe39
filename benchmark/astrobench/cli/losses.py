"""What a run that was broken off has lost, looked up and not promised."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from astrobench.engine import Sweep


def losses(sweep: Sweep, done: Iterable[str]) -> str:
    """Return what is gone of the results that a run found or made, counted, or that nothing is.

    done: the keys of the cells that were there before it.
    """
    store, plan, witness = sweep.store, sweep.plan, sweep.witness
    if not store.root.is_dir():
        return f"the folder of results {store.root} is gone, with all that it held"
    cells = {*done, *witness.predictions}
    jobs = {cell.job for cell in plan.cells if cell.key in cells}
    known = [("trainings", key) for key in jobs] + [("cells", key) for key in cells]
    known += [("datasets", plan.jobs[key].dataset_key) for key in jobs]
    known += [("scores", key) for key in witness.scores]
    gone = Counter(kind for kind, key in set(known) if not store.has(kind, key))
    gone["arrays"] = sum(not store.holds(digest) for digest in set(witness.predictions.values()))
    lost = [f"{number} {kind}" for kind, number in sorted(gone.items()) if number]
    return f"gone from {store.root}: {', '.join(lost)}" if lost else "no result of this suite is lost"
