"""Whom training is raced against: a plain loop as papers' repositories have it, and pytorch-adapt's own step."""

from __future__ import annotations

import time

import torch
from astrobench.training import Material
from astrobench_alignment.mmd_deepadversaries import VARIANCES
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SIZE, STEPS, SHAPE, CLASSES = 128, 4, (3, 100, 100), 3


def material() -> Material:
    """Return noise with labels: what is learned costs nothing more or less."""
    torch.manual_seed(0)
    images = [torch.rand(SIZE * STEPS, *SHAPE) for _ in range(2)]
    source, target = (part.contiguous(memory_format=torch.channels_last) for part in images)
    labels = torch.arange(len(source)) % CLASSES
    return Material(source, labels, source[:2], labels[:2], target, CLASSES)


def plain(network: nn.Module, shown: Material, *, aligned: bool) -> float:
    """Train as a paper's script does; return CPU seconds a step."""
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    source = DataLoader(TensorDataset(shown.inputs.contiguous(), shown.labels), SIZE, shuffle=True)
    target = DataLoader(TensorDataset(shown.target_inputs.contiguous()), SIZE, shuffle=True)
    network.train()
    begun, told = time.process_time(), 0.0
    for (images, labels), (others,) in zip(source, target, strict=True):
        optimiser.zero_grad()
        found = network(images)
        loss = nn.functional.cross_entropy(found.logits, labels)
        if aligned:
            loss = loss + 0.01 * expanded_mmd(found.latent, network(others).latent)
        loss.backward()
        optimiser.step()
        told += loss.item()
    return (time.process_time() - begun) / STEPS


def expanded_mmd(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the biased MMD of 19 kernels from all differences written out, (n + m, n + m, F)."""
    points = torch.cat([source, target])
    apart = (points[:, None] - points[None]).square().sum(2)
    kernel = torch.stack([torch.exp(-apart / (2 * variance)) for variance in VARIANCES]).sum(0)
    n = len(source)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


def adapted(network: nn.Module, shown: Material) -> float:
    """Train with pytorch-adapt's own step, its MMD and its default kernel; return CPU seconds a step."""
    from pytorch_adapt.hooks import AlignerPlusCHook

    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    hook = AlignerPlusCHook([optimiser])
    models = {"G": _Latent(network), "C": _Head(network)}
    network.train()
    order = torch.randperm(len(shown.inputs)).split(SIZE)
    begun = time.process_time()
    for rows in order:
        batch = {
            "src_imgs": shown.inputs[rows],
            "src_labels": shown.labels[rows],
            "target_imgs": shown.target_inputs[rows],
        }
        hook({**models, **batch, "src_domain": torch.zeros(SIZE), "target_domain": torch.ones(SIZE)})
    return (time.process_time() - begun) / STEPS


class _Latent(nn.Module):
    """The latent of a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(images).latent
        return found


class _Head(nn.Module):
    """The linear head of a network, on its latent."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network.head(latent)  # type: ignore[operator]
        return found
