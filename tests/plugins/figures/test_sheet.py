"""What every sheet has, whatever is drawn on it."""

from __future__ import annotations

import pytest
from astrobench_figures.sheet import Sheet, _laid_out


@pytest.mark.parametrize("wide", [3.0, 5.0, 12.0])
def test_title_and_foot_stay_within_the_picture(exhibit, wide):
    cells = tuple(exhibit("A", key=f"{seed % 10}d04" + "7d8be" * 12, seed=seed) for seed in range(60))
    keys = tuple((f"{'source_only'[: one.seed % 12]} seed {one.seed}", one.key) for one in cells)
    sheet = Sheet("A heading", ("T",), cells, (wide, 2.0), lambda figure: None, keys)
    figure = _laid_out(sheet)
    ends = [text.get_window_extent() for text in figure.texts]
    assert len(ends) == 3
    assert min(end.x0 for end in ends) >= 0
    assert max(end.x1 for end in ends) <= figure.bbox.width
