"""First-party metrics: what a network's predictions say about its robustness.

A metric is `f(clean, perturbed, *, …)`, or takes `reference_clean, reference_perturbed` as well: the same pair under
the suite's reference method and the same seed. In the cell of the source domain without a perturbation, `clean` is
the very object `perturbed`.

What every metric here keeps to: images are matched by id and worked through in the order of their ids, in float64;
a metric that does not apply to a cell (an attack's counts where nothing attacked, a distance from an image to itself)
returns an empty mapping; a number that does not exist is NaN with a note that says why; a bad parameter is a
SuiteError, whatever the cell. The names of the scores are unique over all metrics, for they become columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench import hookimpl

if TYPE_CHECKING:
    from collections.abc import Mapping


@hookimpl
def astrobench_metrics() -> Mapping[str, str]:
    """Name the metrics of this plugin."""
    return {
        "attack": "astrobench_scores.attack:attack",
        "cka": "astrobench_scores.cka:cka",
        "cka_layers": "astrobench_scores.cka_layers:cka_layers",
        "classification": "astrobench_scores.classification:classification",
        "confusion": "astrobench_scores.confusion:confusion",
        "distance_js": "astrobench_scores.distance_js:distance_js",
        "latent_distance": "astrobench_scores.latent_distance:latent_distance",
        "latent_distance_ratio": "astrobench_scores.latent_distance_ratio:latent_distance_ratio",
        "regression": "astrobench_scores.regression:regression",
        "unknown": "astrobench_scores.unknown:unknown",
    }
