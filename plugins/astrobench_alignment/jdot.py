"""Joint distribution optimal transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from astrobench import Method
from scipy.optimize import linear_sum_assignment
from torch.nn.functional import cross_entropy

from astrobench_alignment.transport import half_squares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step


class Jdot(Method):
    """Each target image is matched to a source image, by latent and label together, and learns its label."""

    needs_classes = True

    def __init__(self, weight: float, latent: float, label: float) -> None:
        super().__init__()
        self.weight, self.latent, self.label = weight, latent, label
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the weighted cost of the optimal matching, in latent and in label."""
        if target is None or self.weight == 0 or source.labels is None:
            return {}
        rows, columns = self._matched(source.latent, source.labels, target)
        apart = (source.latent[rows] - target.latent[columns]).square().mean()
        wrong = cross_entropy(target.logits[columns], source.labels[rows])
        return {
            "matched_latent": self.weight * self.latent * apart,
            "matched_label": self.weight * self.label * wrong,
        }

    @torch.no_grad()
    def _matched(self, latent: torch.Tensor, labels: torch.Tensor, target: Step) -> tuple[torch.Tensor, torch.Tensor]:
        surprise = -target.logits.log_softmax(dim=1)[:, labels].T
        apart = 2 * half_squares(latent, target.latent) / latent.shape[1]
        cost = self.latent * apart + self.label * surprise
        rows, columns = linear_sum_assignment(cost.double().cpu().numpy())
        return torch.as_tensor(rows, device=latent.device), torch.as_tensor(columns, device=latent.device)


def jdot(features: int, classes: int, *, weight: float = 1.0, latent: float = 0.1, label: float = 0.1) -> Jdot:
    """Match target to source images by optimal transport of latent and label, and learn the matched labels.

    Within each batch the exact plan minimises Σ (latent·‖z_s − z_t‖²/F + label·CE(y_s, f(z_t))) over one-to-one
    matchings (where sizes differ the smaller batch is matched in full); the plan is then held fixed and the
    network lowers the same cost. It is 0 only where latents coincide and predictions are certain.

    Source: Damodaran et al. 2018 (DeepJDOT), arXiv 1803.10081, Eq. 7.
    """
    return Jdot(weight, latent, label)
