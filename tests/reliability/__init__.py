"""Faults by the hundred. CI runs a part of them; all of them: ASTROBENCH_NIGHTLY=1 pytest tests/reliability."""

from __future__ import annotations

import os

NIGHTLY = os.environ.get("ASTROBENCH_NIGHTLY") == "1"
