"""Every row of FAULTS.md has a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
PAGE = (HOME / ".github" / "FAULTS.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| fault |")]


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip() for row in ROWS])
def test_every_row_has_a_figure_and_a_test_that_is_there(row: str) -> None:
    _, fault, end, test, figure, _ = row.split("|")
    assert all(part.strip() for part in (fault, end, figure))
    file, name = re.fullmatch(r" `(tests/[\w/]+\.py)::(test_\w+)` ", test).groups()
    tree = ast.parse((HOME / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_table_is_read_at_all() -> None:
    assert len(ROWS) >= 20
