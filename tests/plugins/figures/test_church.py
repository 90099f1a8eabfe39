"""Church windows against the head evaluated on every point of the plane, and against the published grid."""

from __future__ import annotations

import figures_toy as toy
import numpy as np
import pytest
import torch
from astrobench import DataError, Output
from astrobench_figures.church import GRID, church, window
from astrobench_figures.colours import of_classes
from astrobench_figures.heads import Head, head_of
from astrobench_figures.marks import class_patches
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import nn


@pytest.fixture(scope="module")
def panels():
    (sheet,) = church(toy.cells(["source_only", "mmd"]))
    figure = Figure((12, 6))
    sheet.paint(figure)
    return figure.axes


class Curved(toy.Net):
    """A network whose logits are a curved function of its latent."""

    def forward(self, images):
        return Output(super().forward(images).latent, super().forward(images).logits.tanh())


def test_the_grid_has_221_points_with_the_galaxy_in_the_middle_and_the_unit_at_210():
    assert len(GRID) == 221
    assert GRID[[0, 110, 210, 220]] == pytest.approx([-1.1, 0, 1, 1.1], abs=1e-15)


def test_a_window_is_the_dense_evaluation_of_the_head():
    rng = np.random.default_rng(8)
    head = Head(rng.normal(size=(3, 6)), rng.normal(size=3))
    start, other, attacked = rng.normal(size=(3, 6))
    layer = nn.Linear(6, 3).double()
    with torch.no_grad():
        layer.weight[:], layer.bias[:] = torch.from_numpy(head.weight), torch.from_numpy(head.bias)
        x, y = GRID[None, :, None], GRID[:, None, None]
        plane = start + y * (other - start) + x * (attacked - start)
        dense = layer(torch.from_numpy(plane)).argmax(2).numpy()
    found = window(head, (start, other, attacked))
    assert len(np.unique(found)) > 1
    assert (found == dense).mean() == 1


def test_at_the_marks_stand_the_classes_that_were_stored(panels):
    cells = toy.cells(["source_only", "mmd"])
    names = [axes.get_title().split(",")[0] for axes in panels[: len(panels) // 2]]
    for row, method in enumerate((cells[:3], cells[3:])):
        for column, name in enumerate(names):
            shown = panels[row * len(names) + column].images[0].get_array()
            for cell, (y, x) in zip(method, ((110, 110), (210, 110), (110, 210)), strict=True):
                said = cell.predicted()
                assert shown[y, x] == said.logits[said.ids == name].argmax()


def test_the_head_is_found_by_what_it_does():
    made = toy.network()
    cell = toy.cells()[0]
    head = head_of(cell, cell.predicted(), "church")
    np.testing.assert_array_equal(head.weight, made.head.weight.detach().double().numpy())
    np.testing.assert_array_equal(head.bias, made.head.bias.detach().double().numpy())


def test_colours_marks_and_units_are_those_specified(panels):
    published = [(255, 166, 0), (188, 80, 144), (0, 63, 92)]
    for axes in panels:
        image = axes.images[0]
        assert [tuple(round(255 * part) for part in image.cmap(n)[:3]) for n in range(3)] == published
        assert [(line.get_marker(), line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines] == [
            ("X", 0, 0), ("*", 0, 1), ("^", 1, 0),
        ]  # fmt: skip
        assert image.origin == "lower"
        assert np.diff(axes.get_xticks()) == pytest.approx(0.2)
    whole = panels[0].figure
    assert whole.get_supxlabel() == "towards one_pixel [full perturbations]"
    assert whole.get_supylabel() == "towards Y1 [full perturbations]"


def test_other_classes_have_colours_that_differ():
    assert of_classes(("merger", "spiral")) == ("#003F5C", "#FFA600")
    others = of_classes(tuple("abcdefghijklmnop"))
    assert len({to_rgb(colour) for colour in others}) == 16
    assert others[0] == "#E69F00"


@pytest.mark.parametrize(("classes", "handles"), [(3, 3), (40, 40), (41, 41), (1000, 41)])
def test_a_key_of_many_classes_leaves_room_for_the_picture(classes, handles):
    patches = class_patches([f"class {number}" for number in range(classes)])
    assert len(patches) == handles
    assert patches[-1].get_label() == (f"and {classes - 40} more classes" if classes > 40 else f"class {classes - 1}")


def test_records_without_a_flip_or_with_a_head_that_is_not_linear_are_refused_in_one_line():
    learned, other, attacked = toy.cells()
    with pytest.raises(DataError, match=r"figure 'church' draws galaxies .* and suite 'toy' has stored none; run it"):
        list(church([learned, other]))
    made = Curved().eval()
    curved = [
        toy.cell("source_only", one.domain, one.predicted(), made, perturbation=one.perturbation, clean=one.clean)
        for one in (learned, other, attacked)
    ]
    with pytest.raises(DataError, match="needs a network whose logits are linear in its latent, and 'net' has no"):
        list(church(curved))
    strange = toy.cell("source_only", "Y10", learned.predicted(), toy.network(5))
    with pytest.raises(DataError, match="stored logits that are not its head's"):
        list(church([strange, other, attacked]))
