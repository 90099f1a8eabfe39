"""One tiny suite, run once in peace, for all tests that disturb it."""

from __future__ import annotations

import pytest

from reliability.tiny import Peace, Tiny, in_peace


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The suite, in a folder in which every test makes results of its own."""
    return Tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def peace(tiny: Tiny) -> Peace:
    """What a run of it that nobody touches comes to."""
    return in_peace(tiny)
