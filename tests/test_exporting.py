"""Names in the files of predictions: they stay names, in a folder, in a spreadsheet and in Parquet."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from astrobench import exporting
from astrobench.exporting import file_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("label", "name"),
    [("mine", "mine"), ("../../etc/x", "etc-x-"), (".hidden", "hidden-"), ("a b", "a-b-"), ("x" * 80, "x" * 60 + "-")],
)
def test_a_label_names_a_file_and_never_a_path(label: str, name: str) -> None:
    found = file_name(label)
    assert found.startswith(name)
    assert re.fullmatch(r"[A-Za-z0-9_+=-]+", found)
    assert (found == label) == (label == "mine")


def test_names_that_a_spreadsheet_takes_for_formulae_are_text_in_the_csv(tmp_path: Path) -> None:
    table = {"id": np.array(["=1+1", "+a", "g,1"]), "p_=x": np.array([0.1, 1e-300, 1.0])}
    lines = list(csv.reader(exporting._csv(table).splitlines()))
    assert lines == [["id", "p_=x"], ["'=1+1", "0.1"], ["'+a", "1e-300"], ["g,1", "1.0"]]
    (tmp_path / "x.parquet").write_bytes(exporting._parquet(table))
    assert pd.read_parquet(tmp_path / "x.parquet").to_dict("list") == {name: list(v) for name, v in table.items()}
