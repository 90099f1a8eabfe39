"""The trained network as every cell of a training must find it, whatever the plugins before it did to it."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from astrobench.seeds import seed_of
from astrobench.stages.bench import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import nn

_SAME_SIZE = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


@dataclass(frozen=True, eq=False)
class NetworkState:
    """Weights, buffers, modes, modules and hooks of a network at one time. tensors: copies of their values."""

    tensors: Mapping[str, torch.Tensor]
    modules: Mapping[str, Mapping[str, Any]]
    learned: Mapping[str, bool]

    @classmethod
    def of(cls, model: nn.Module) -> NetworkState:
        """Take down the state of a network."""
        tensors = {name: value.detach().clone() for name, value in _tensors(model).items()}
        modules = {name: _facts(module) for name, module in model.named_modules()}
        return cls(tensors, modules, {name: value.requires_grad for name, value in model.named_parameters()})

    def difference(self, model: nn.Module) -> str:
        """Return the first thing in which a network differs from this state, in words, or "".

        Values are compared bit by bit. Counting versions of tensors would not do: `weight.data.add_(1)` raises none.
        """
        found = {name: _facts(module) for name, module in model.named_modules()}
        for name, facts in self.modules.items():
            where = f"layer {name!r}" if name else "the whole network"
            if name not in found or found[name]["module"] is not facts["module"]:
                return f"{where} is gone or another module"
            changed = next((fact for fact, value in facts.items() if found[name][fact] != value), None)
            if changed is not None:
                return f"the {changed} of {where}"
        tensors = _tensors(model)
        changed = next((name for name, value in self.tensors.items() if not _same(tensors.get(name), value)), None)
        return "" if changed is None else f"the values of {changed!r}"

    def tidy(self, model: nn.Module) -> None:
        """Undo what changes no prediction and is often left behind: gradients, and which weights ask for one."""
        for name, value in model.named_parameters():
            value.grad = None
            value.requires_grad_(self.learned.get(name, value.requires_grad))


class SharedNetwork:
    """A trained network that plugins are handed one after the other. renew: builds it anew from the stored weights."""

    def __init__(self, model: nn.Module, renew: Callable[[], nn.Module]) -> None:
        self.model, self._renew, self._state = model, renew, NetworkState.of(model)

    def restored(self) -> str:
        """Bring the network back to its first state where it left it; return what had changed, or ""."""
        changed = self._state.difference(self.model)
        if changed:
            self.model = self._renew()
            self._state = NetworkState.of(self.model)
        self._state.tidy(self.model)
        return changed


@contextlib.contextmanager
def steady_process(threads: int, scope: str) -> Iterator[None]:
    """Call a plugin so that it leaves the process as it found it: threads, kernels, dtypes, floating-point errors.

    scope: seeds the global streams of Python, NumPy and torch, so that a plugin which draws from one of them, instead
    of from the streams that it is given, draws the same whatever ran before it.
    """
    seed = seed_of(scope, "global streams")
    random.seed(seed), np.random.seed(seed % 2**32), torch.manual_seed(seed)
    dtype, gradients, precision = (
        torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_float32_matmul_precision()
    )  # fmt: skip
    try:
        with np.errstate():
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)
        torch.set_float32_matmul_precision(precision)
        steady(threads)


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _facts(module: nn.Module) -> dict[str, Any]:
    """Return what decides how a module runs beside its tensors. Lists of hooks by their numbers, which are unique."""
    hooks = sorted((name, tuple(value)) for name, value in vars(module).items() if _are_hooks(name, value))
    return {
        "module": module,
        "training mode": module.training,
        "hooks": hooks,
        "forward method": (type(module), vars(module).get("forward")),
    }


def _are_hooks(name: str, value: object) -> bool:
    return name.endswith("_hooks") and isinstance(value, dict)


def _same(found: torch.Tensor | None, kept: torch.Tensor) -> bool:
    if found is None or found.shape != kept.shape or found.dtype != kept.dtype or found.device != kept.device:
        return False
    whole = _SAME_SIZE.get(kept.element_size())
    if whole is None or kept.layout != torch.strided:
        return torch.equal(found, kept)
    return torch.equal(found.detach().view(whole), kept.view(whole))  # as whole numbers, for NaN is not NaN
