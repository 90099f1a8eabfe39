"""Every parser takes any bytes: a value or one sentence. A million of them: ASTROBENCH_NIGHTLY=1 pytest tests/fuzz."""

from __future__ import annotations

import os
import random
import resource
import time
import traceback
from typing import TYPE_CHECKING

import pytest
from astrobench.errors import AstrobenchError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.mutations import spoiled
from fuzz.parsers import Parser, parsers, result_sample

if TYPE_CHECKING:
    from pathlib import Path

NIGHTLY = 1_000_000 if os.environ.get("ASTROBENCH_NIGHTLY") == "1" else 0
NAMES = ("records", "leaderboard", "suite", "catalogue", "array", "image", "cut-out", "result", "objects")
SLOWEST = 5.0  # seconds: the machine may be busy, and a parser that hangs takes longer


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    return parsers(tmp_path_factory.mktemp("fuzz"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inputs")


def outcome(parser: Parser, data: bytes, scratch: Path) -> str:
    """Return "value", or the sentence of a refusal. Anything else is raised: it is a defect."""
    path = scratch / f"input{parser.suffix}"
    path.write_bytes(data)
    began = time.monotonic()
    try:
        parser.read(path)
    except AstrobenchError as error:
        told = str(error)
    else:
        told = "value"
    assert time.monotonic() - began < SLOWEST
    assert len(told) <= 2010
    assert told.isprintable(), told
    return told


@pytest.mark.parametrize("name", NAMES)
def test_the_sound_sample_is_read(name: str, every: dict[str, Parser], scratch: Path) -> None:
    sample = every[name].sample or result_sample()
    assert outcome(every[name], sample, scratch) == "value"


@pytest.mark.parametrize("name", NAMES)
def test_spoiled_samples_are_read_or_refused_in_one_sentence(
    name: str, every: dict[str, Parser], scratch: Path
) -> None:
    parser = every[name]
    sample = parser.sample or result_sample()

    @settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32))
    def any_input(seed: int) -> None:
        outcome(parser, spoiled(sample, random.Random(seed)), scratch)

    any_input()


@pytest.mark.skipif(not NIGHTLY, reason="nightly")
@pytest.mark.timeout(7200)
def test_a_million_inputs_crash_hang_and_eat_nothing(every: dict[str, Parser], scratch: Path) -> None:
    rng, count = random.Random(0), {name: [0, 0] for name in NAMES}
    weights = [every[name].weight for name in NAMES]
    defects: dict[str, str] = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(int(os.environ.get("ASTROBENCH_FUZZ", NIGHTLY))):
        (name,) = rng.choices(NAMES, weights)
        data = spoiled(every[name].sample or result_sample(), rng)
        try:
            read = outcome(every[name], data, scratch) == "value"
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            defects.setdefault(f"{name}: {type(error).__name__} at {last.name}:{last.lineno}", f"{error}"[:200])
            continue
        count[name][read] += 1
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\n{sum(map(sum, count.values())):,} inputs, refused and read: {count}; memory grew by {grown:.0f} MB")
    assert defects == {}, "\n".join(f"{place}: {told}" for place, told in defects.items())
    assert grown < 300
