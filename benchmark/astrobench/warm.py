"""Imported once by the fork server, so that no task pays for it. Imports only: no device, no operation."""

from __future__ import annotations

import torch
import torch._dynamo
import torch.optim

import astrobench.training

__all__: list[str] = []

_PAID = (torch, astrobench.training)
