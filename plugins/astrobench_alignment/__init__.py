"""Domain-adaptation methods, one file each, and the baselines they are measured against."""

from __future__ import annotations

import astrobench


@astrobench.hookimpl
def astrobench_methods() -> dict[str, str]:
    """Name the methods as the field names them."""
    return {
        "source_only": "astrobench_alignment.source_only:source_only",
        "target_only": "astrobench_alignment.target_only:target_only",
        "mmd": "astrobench_alignment.mmd:mmd",
        "mmd_deepadversaries": "astrobench_alignment.mmd_deepadversaries:mmd_deepadversaries",
    }
