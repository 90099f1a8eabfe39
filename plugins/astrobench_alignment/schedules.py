"""How strongly a method acts as a training goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from astrobench import Alignment, Moment, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch

Schedule = Literal["constant", "rising"]


def strength_at(progress: float, schedule: Schedule) -> float:
    """Return 1, or what rises from 0 to 1 as 2/(1 + exp(−10 progress)) − 1 (Ganin et al. 2016, JMLR 17, 59, §5.2)."""
    return 1.0 if schedule == "constant" else 2 / (1 + math.exp(-10 * progress)) - 1


class Scheduled(Alignment):
    """An alignment whose weight follows a schedule, so that classes are learned before domains are aligned."""

    def __init__(
        self,
        distance: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        weight: float,
        name: str,
        schedule: Schedule,
    ) -> None:
        super().__init__(distance, weight, name)
        self.schedule = schedule

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the distance under the weight of this moment."""
        strength = strength_at(moment.progress, self.schedule)
        return {name: strength * term for name, term in super().terms(source, target, moment).items()}
