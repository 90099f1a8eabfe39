"""What a sheet of a training's history shows, read back from the drawing."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench import DataError
from astrobench_figures.history import history
from matplotlib.figure import Figure


def told(seed, **terms):
    """Return three epochs of a training, as the store keeps them."""

    def epoch(n):
        losses = {"loss": 9.0, "task": 1.0 / (n + 1) + seed, "valid_loss": 1.1 - 0.1 * n + seed}
        merits = {"valid_accuracy": 0.5 + 0.1 * n, "valid_sample_loss": 7.0}
        return {"epoch": n, **losses, **merits, **{name: value * n for name, value in terms.items()}}

    return [epoch(n) for n in range(3)]


def painted(cells):
    (sheet,) = history(cells)
    figure = Figure()
    sheet.paint(figure)
    return figure.axes


def lines_of(axes):
    return {line.get_gid(): (list(line.get_xdata()), line.get_ydata()) for line in axes.lines}


def test_losses_terms_and_source_validation_go_by_epoch(exhibit):
    losses, terms, merits = painted([exhibit("A", history=lambda: told(0, mmd=0.2)), exhibit("B")])
    assert lines_of(losses)["task seed 0"] == ([1, 2, 3], pytest.approx([1, 1 / 2, 1 / 3]))
    assert lines_of(losses)["valid_loss seed 0"] == ([1, 2, 3], pytest.approx([1.1, 1.0, 0.9]))
    assert lines_of(terms) == {"mmd seed 0": ([1, 2, 3], pytest.approx([0, 0.2, 0.4]))}
    assert lines_of(merits) == {"valid_accuracy seed 0": ([1, 2, 3], pytest.approx([50, 60, 70]))}
    assert [axes.get_xlabel() for axes in (losses, terms, merits)] == ["epoch"] * 3
    assert merits.get_ylabel() == "accuracy [%]"


def test_a_method_that_adds_nothing_has_no_panel_of_terms(exhibit):
    assert len(painted([exhibit("A", history=lambda: told(0))])) == 2


def test_seeds_are_lines_of_one_sheet_and_methods_sheets(exhibit):
    cells = [
        exhibit("A", method=name, seed=seed, history=lambda seed=seed: told(seed))
        for name in ("source_only", "mmd")
        for seed in (0, 3)
    ]
    sheets = list(history(cells))
    assert [sheet.labels[-1] for sheet in sheets] == ["source_only", "mmd"]
    figure = Figure()
    sheets[0].paint(figure)
    lines = lines_of(figure.axes[0])
    np.testing.assert_allclose(np.subtract(lines["task seed 3"][1], lines["task seed 0"][1]), 3)


def test_a_regression_is_validated_by_r2(exhibit):
    cells = [exhibit("A", history=lambda: [{"epoch": 0, "loss": 1.0, "task": 1.0, "valid_loss": 1.0, "valid_r2": 0.4}])]
    _, merits = painted(cells)
    assert lines_of(merits) == {"valid_r2 seed 0": ([1], pytest.approx([0.4]))}
    assert "R²" in merits.get_ylabel()


def test_no_training_is_refused():
    with pytest.raises(DataError, match="figure 'history' draws how trainings went, and no training is stored"):
        list(history([]))


def test_a_training_that_is_stored_no_longer_is_told_with_the_figure(exhibit):
    def gone():
        raise DataError("training abc is not in results: run the suite again")

    with pytest.raises(DataError, match=r"^figure 'history' draws .*, and training abc is not in results: run"):
        list(history([exhibit("A", history=gone)]))
