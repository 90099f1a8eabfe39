"""A driver with one task that never ends, whatever signal it is sent.

python -m reliability.hanging FOLDER [PRELOADED]      with nothing that the fork server loads first, or one module
"""

from __future__ import annotations

import sys
from pathlib import Path

from astrobench.isolation import Task, run_isolated, running


def main(folder: Path) -> None:
    """Run the task; its progress file tells that it has begun."""
    payload = {"begun": str(folder / "begun")}
    run_isolated(Task("reliability.cells:hang", payload, str(folder / "log"), str(folder / "progress"), 600.0))


if __name__ == "__main__":
    running.PRELOADED = tuple(sys.argv[2:])
    main(Path(sys.argv[1]))
