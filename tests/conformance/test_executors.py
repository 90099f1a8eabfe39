"""Executors: for every rule one that it catches."""

from __future__ import annotations

import concurrent.futures

import pytest
from conforming import caught, reported


class Scrambling(concurrent.futures.ThreadPoolExecutor):
    def map(self, function, *given, **more):
        return reversed(list(super().map(function, *given, **more)))


class Swallowing(concurrent.futures.ThreadPoolExecutor):
    def submit(self, function, *given):
        def quiet():
            try:
                return function(*given)
            except Exception:
                return None

        return super().submit(quiet)


def executor(kind):
    def mine():
        """Open an executor."""
        return kind(1)

    return mine


@pytest.mark.parametrize(
    ("kind", "rule", "told"),
    [
        (lambda n: n, "it is an executor", "it returns int"),
        (Scrambling, "it keeps the order", "map changes the order"),
        (Swallowing, "a failure comes back", "1/0 gives None"),
    ],
)
def test_an_executor_is_checked(kind, rule, told):
    caught("executors", executor(kind), rule, told)


def test_a_thread_pool_conforms():
    found = reported("executors", executor(concurrent.futures.ThreadPoolExecutor))
    assert {status for status, _ in found.values()} == {"passed"}
