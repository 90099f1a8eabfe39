"""Validators: how good a network is on the target, told without target labels. One file each, f(Snapshot) → float.

A validator is the harness's own rule, not science of a plugin: it decides which network is measured at all, and every
suite and method must be judged by the same. Hence a room of the core, and no hook.
"""

from __future__ import annotations

from astrobench.validators.snapshot import Snapshot, Validator, validator

__all__ = ["Snapshot", "Validator", "validator"]
