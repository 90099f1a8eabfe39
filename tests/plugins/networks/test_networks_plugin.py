"""The hook names every architecture by a reference that resolves, and costs no import of torch."""

from __future__ import annotations

import importlib
import subprocess
import sys

import astrobench_networks


def test_every_reference_resolves() -> None:
    for reference in astrobench_networks.astrobench_architectures().values():
        module, function = reference.split(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_naming_them_imports_no_torch() -> None:
    program = (
        "import astrobench_networks, sys; astrobench_networks.astrobench_architectures(); print('torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
