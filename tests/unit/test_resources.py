"""Lazy resources: loaded once, again after a failure, replaced and closed while in use."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from home_credit.decisioning.resources import LazyResource


def test_many_threads_load_it_once() -> None:
    loads: list[int] = []
    start = threading.Barrier(8)

    def load() -> object:
        loads.append(1)
        return object()

    resource = LazyResource(load)
    assert not resource.loaded

    def use(_: int) -> object:
        start.wait()
        return resource.get()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(8)))) == 1
    assert resource.loaded
    assert len(loads) == 1


def test_a_failure_is_raised_and_the_next_use_tries_again() -> None:
    outcomes = iter([OSError("not there yet"), "there"])

    def load() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return str(outcome)

    resource = LazyResource(load)
    with pytest.raises(OSError, match="not there yet"):
        resource.get()
    assert not resource.loaded
    assert resource.get() == "there"


def test_another_takes_its_place() -> None:
    resource = LazyResource(lambda: "first")
    assert resource.get() == "first"
    resource.replace("second")
    assert resource.get() == "second"


def test_closing_releases_what_was_loaded_and_nothing_else() -> None:
    closed: list[str] = []
    resource = LazyResource(lambda: "opened", close=closed.append)
    resource.close()
    assert closed == []
    resource.get()
    resource.close()
    resource.close()
    assert closed == ["opened"]
    borrowed = LazyResource(lambda: "somebody else's")
    borrowed.get()
    borrowed.close()
    assert not borrowed.loaded
