"""Domain-adaptation methods, one file each, and the baselines they are measured against."""

from __future__ import annotations

import astrobench

FUNCTIONS = (
    "source_only", "target_only", "mmd", "mmd_deepadversaries", "coral", "cmd", "dann", "cdan", "fisher", "entropy",
    "sinkhorn", "sidda", "jdot", "mcc", "can", "dance", "adabn", "augment", "adversarial_training",
    "skada", "cka_collapse", "cka_structure", "cka_paired",
)  # fmt: skip
"""Methods whose file and function bear their name."""


@astrobench.hookimpl
def astrobench_methods() -> dict[str, str]:
    """Name the methods as the field names them; a + joins the parts of a combination; `sum:` takes any."""
    return {
        **{name: f"astrobench_alignment.{name}:{name}" for name in FUNCTIONS},
        "mmd+fisher+entropy": "astrobench_alignment.fisher_entropy:mmd_fisher_entropy",
        "mmd_deepadversaries+fisher+entropy": "astrobench_alignment.fisher_entropy:mmd_deepadversaries_fisher_entropy",
        "dann+fisher+entropy": "astrobench_alignment.fisher_entropy:dann_fisher_entropy",
        "sum:": "astrobench_alignment.sum_of:sum_of",
    }
