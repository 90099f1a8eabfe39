"""Grad-CAM against a closed form, against autograd by hand, and on networks whose layers act in place."""

from __future__ import annotations

import figures_toy as toy
import numpy as np
import pytest
import torch
from astrobench import DataError, Output
from astrobench_figures.gradcam import class_activation, gradcam, under
from matplotlib.figure import Figure
from torch import nn


class Sums(nn.Module):
    """One 1 × 1 convolution to two channels; logit 0 is the sum of channel 0 less thrice channel 1, logit 1 is -5."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1, bias=False)
        with torch.no_grad():
            self.conv.weight[:] = torch.tensor([1.0, 0.5]).reshape(2, 1, 1, 1)

    def forward(self, images):
        total = self.conv(images).sum((2, 3))
        first = total[:, 0] - 3 * total[:, 1]
        return Output(total, torch.stack([first, torch.full_like(first, -5.0)], 1))


def by_hand(made: toy.Net, images: np.ndarray) -> np.ndarray:
    """Return Grad-CAM of the toy network, whose layers are called one by one here."""
    maps = made.last(torch.relu(made.norm(made.first(torch.from_numpy(images))))).detach().requires_grad_()
    logits = made.head(made.bottleneck(torch.relu(maps).flatten(1)))
    best = logits.argmax(1)
    heats = []
    for row in range(len(images)):
        (gradient,) = torch.autograd.grad(logits[row, best[row]], maps, retain_graph=True)
        heat = sum(gradient[row, c].mean() * maps[row, c] for c in range(maps.shape[1])) / maps.shape[1]
        heat = heat.detach().clamp(min=0)
        heats.append(heat / (heat.max() + 1e-10))
    return np.stack(heats)


def test_a_closed_form():
    # w = (1, -3), a = (x, x / 2): the mean over channels is (x - 1.5 x) / 2 = -x / 4, so what is negative in x shows
    image = np.array([[-4.0, 1.0], [-1.0, 2.0]], np.float32)[None, None]
    np.testing.assert_allclose(class_activation(Sums(), image)[0], [[1, 0], [0.25, 0]], atol=1e-7)


def test_a_map_of_nothing_stays_one():
    np.testing.assert_array_equal(class_activation(Sums(), np.zeros((2, 1, 3, 3), np.float32)), np.zeros((2, 3, 3)))


def test_the_maps_are_those_of_autograd_by_hand_though_rectifiers_act_in_place():
    made, part = toy.network(1), toy.dataset().tests["Y10"]
    images = part.stretch(part.images)
    found = class_activation(made, images)
    assert found.shape == (24, 8, 8)
    np.testing.assert_allclose(found, by_hand(made, images), atol=1e-5)
    assert ((found.max(axis=(1, 2)) == 0) | (found.max(axis=(1, 2)) > 1 - 1e-4)).all()
    assert found.max() > 0


def test_an_image_s_map_does_not_depend_on_the_others_and_nothing_of_the_network_changes():
    made = toy.network(1)
    images = toy.attacked_inputs()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    np.testing.assert_allclose(class_activation(made, images)[3], class_activation(made, images[3:4])[0], atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())
    assert all(one.grad is None for one in made.parameters())
    assert not any(module._forward_hooks for module in made.modules())


def test_frozen_weights_give_the_same_maps():
    made, images = toy.network(1), toy.attacked_inputs()
    expected = class_activation(made, images)
    np.testing.assert_array_equal(class_activation(made.requires_grad_(False), images), expected)


def test_a_sheet_has_a_block_a_method_and_what_is_said_of_each_image_below_it():
    cells = toy.cells(["source_only", "mmd"])
    (sheet,) = gradcam(cells)
    figure = Figure((14, 6))
    sheet.paint(figure)
    *panels, colours = figure.axes
    assert len(panels) == 2 * 3 * 4
    assert colours.get_ylim() == (0, 1)
    for block, method in zip((panels[:12], panels[12:]), (cells[:3], cells[3:]), strict=True):
        assert [axes.get_ylabel() for axes in block[::4]] == ["Y10", "Y1", "one_pixel"]
        names = [axes.get_title().split("\n")[0] for axes in block[:4]]
        assert names == ["g03", "g07", "g19", "g23"]
        for row, cell in enumerate(method):
            said = cell.predicted()
            for column, name in enumerate(names):
                logits = torch.from_numpy(said.logits[said.ids == name][0])
                best = int(logits.argmax())
                told = block[4 * row + column].get_xlabel()
                assert told == f"{toy.CLASSES[best]} {logits.softmax(0)[best]:.2f}"


def test_a_heat_is_drawn_out_over_its_picture():
    black = under(np.zeros((8, 8, 3)), np.ones((2, 2)))
    assert np.ptp(black.reshape(-1, 3), axis=0) == pytest.approx(0)
    assert under(np.ones((8, 8, 3)), np.ones((2, 2))).min() > black.min()


def test_a_network_without_a_convolution_is_refused_in_one_line():
    class Flat(toy.Net):
        def forward(self, images):
            return Output(images.flatten(1)[:, :4], self.head(images.flatten(1)[:, :4]))

    flat = [
        toy.cell(
            "source_only", one.domain, one.predicted(), Flat().eval(), perturbation=one.perturbation, clean=one.clean
        )
        for one in toy.cells()
    ]
    with pytest.raises(DataError, match="'gradcam' draws the last convolution of a network, and 'net' has none"):
        list(gradcam(flat))
    with pytest.raises(DataError, match="figure 'gradcam' draws galaxies that an attack on pixels flipped"):
        list(gradcam(flat[:2]))
