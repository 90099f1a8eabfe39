"""A score that is written reads back the same, interval and all; what is not finite is left out."""

from __future__ import annotations

import json
import math

import pytest
from astrobench.records import score_from_plain, score_to_plain
from astrobench.types import Score


@pytest.mark.parametrize(
    "score",
    [Score(0.5), Score(0.5, "nat", "lower", 0.1, 9, "few"), Score(0.5, better="higher", interval=(0.25, 0.75))],
)
def test_a_score_reads_back_the_same(score: Score) -> None:
    assert score_from_plain(json.loads(json.dumps(score_to_plain(score)))) == score


def test_an_interval_that_does_not_exist_is_left_out() -> None:
    body = score_to_plain(Score(math.nan, note="no images", interval=(math.nan, math.nan)))
    assert body == {"value": None, "note": "no images"}
