"""The event loop that says when it is idle, and the thread that waits for it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from home_credit.api.event_loop import EventLoop, await_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = 30


@contextmanager
def running(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT)
        loop.close()


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    made = EventLoop()
    with running(made):
        yield made


@contextmanager
def working(loop: EventLoop) -> Iterator[None]:
    """Keep a loop at work until the context ends."""
    began, may_end = Event(), Event()

    def work() -> None:
        began.set()
        may_end.wait(WAIT)

    loop.call_soon_threadsafe(work)
    assert began.wait(WAIT)
    try:
        yield
    finally:
        may_end.set()


def test_idle_is_what_waits_for_something_to_happen(loop: EventLoop) -> None:
    assert loop.idle.wait(WAIT)
    with working(loop):
        assert not loop.idle.is_set()
    assert loop.idle.wait(WAIT)


def test_a_loop_with_more_to_do_is_not_idle(loop: EventLoop) -> None:
    passes, seen, done = 50, [], Event()

    def again(left: int) -> None:
        seen.append(loop.idle.is_set())
        if left:
            loop.call_soon(again, left - 1)
        else:
            done.set()

    loop.call_soon_threadsafe(again, passes)
    assert done.wait(WAIT)
    assert seen == [False] * (passes + 1)


def test_a_turn_begins_when_the_loop_is_idle(loop: EventLoop) -> None:
    got = Event()

    def take() -> None:
        await_turn(loop, WAIT)
        got.set()

    thread = Thread(target=take)
    with working(loop):
        thread.start()
        assert not got.wait(0.05)
    assert got.wait(WAIT)
    thread.join(WAIT)


def test_a_loop_that_is_never_idle_is_waited_for_only_so_long(loop: EventLoop) -> None:
    with working(loop):
        await_turn(loop)
        assert not loop.idle.is_set()


def test_any_other_loop_is_not_waited_for() -> None:
    other = asyncio.new_event_loop()
    try:
        await_turn(other)
    finally:
        other.close()
