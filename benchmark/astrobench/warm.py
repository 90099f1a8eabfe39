"""Imported once by the fork server, so that no task pays for it. Imports only: no device, no operation.

A server that loads does not look whether anybody still wants it, and loads for half a minute on a busy machine: until
it is done it dies with the driver's thread that waits for it.
"""

from __future__ import annotations

from astrobench.isolation.child import die_with_parent

die_with_parent(wanted=True)

import torch  # noqa: E402
import torch._dynamo  # noqa: E402
import torch.optim  # noqa: E402

import astrobench.training  # noqa: E402

die_with_parent(wanted=False)

__all__: list[str] = []

_PAID = (torch, astrobench.training)
