"""The contract with plugins: seven hooks, each returning a mapping from name to callable.

A value of the mapping is the callable itself or the text "module:function", which is imported only when it is
run: `astrobench list` reads its parameters from the source text. Positional parameters are filled by the engine,
keyword-only parameters by the suite; their annotations are checked and their defaults enter the key.
A keyword-only parameter annotated `Path` enters the key by the content of what it names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path  # noqa: TC003 - pluggy resolves the annotations of hooks

import pluggy

GROUP = "astrobench"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)

Plugin = Callable[..., object] | str


@hookspec
def astrobench_datasets() -> Mapping[str, Plugin]:  # type: ignore[empty-body]
    """f(*, …) → Dataset."""


@hookspec
def astrobench_architectures() -> Mapping[str, Plugin]:  # type: ignore[empty-body]
    """f(shape, outputs, *, …) → nn.Module: images float32 (B, C, H, W) → Output(latent, logits).

    shape is (C, H, W). The module has `layers`, the names of the submodules that CKA compares, in order.
    A name that ends in ":" is a family: what follows the colon is passed as a third positional argument.
    """


@hookspec
def astrobench_methods() -> Mapping[str, Plugin]:  # type: ignore[empty-body]
    """f(features, outputs, *, …) → Method, for latents (B, features) and `outputs` logits.

    One that needs class labels calls its second parameter `classes`: a plan refuses it on a `Regression`.
    """


@hookspec
def astrobench_perturbations() -> Mapping[str, Plugin]:  # type: ignore[empty-body]
    """f(batch, model, rng, *, …) → Perturbed. rng is a `Streams`: one stream for all, or one an image.

    Decorated with `astrobench.severity("fwhm", "arcsec", harmless=0.0)` it is a curve: that parameter says how hard it
    hits, records keep the value and its unit, and columns sum the curve up. Decorated with
    `astrobench.needs("observation", fwhm="[pixel_scale, inf)")` a run on a dataset that lacks it is refused untrained.
    """


@hookspec
def astrobench_metrics() -> Mapping[str, Plugin]:  # type: ignore[empty-body]
    """f(clean, perturbed, *, …) or f(clean, perturbed, reference_clean, reference_perturbed, *, …).

    Each argument is a Prediction, the reference's being those of the suite's reference method on the same
    seed. Returns a mapping name → Score, of 1,000 scores at most; a name that a metric before it in the suite gives is
    left out.
    """


@hookspec
def astrobench_executors() -> Mapping[str, Plugin]:  # type: ignore[empty-body]
    """f(*, …) → a `concurrent.futures.Executor`."""


@hookspec
def astrobench_suites() -> Mapping[str, Path]:  # type: ignore[empty-body]
    """Name → path of a suite's TOML file, shipped with the plugin."""
