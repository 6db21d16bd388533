"""The event loop of the API, which says when it has nothing to do.

One thread runs Python code at a time. Beside a thread that computes, a loop gets the interpreter's lock back only after
a switch interval, and gives it away at each call of the system: it would read and answer a few requests while a group
of applicants is decided. So the thread that computes waits for its turn before each group.
"""

from __future__ import annotations

import asyncio
import selectors
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectors import SelectorKey

TURN_SECONDS = 0.1  # a loop that is never idle does not stop decisions


class EventLoop(asyncio.SelectorEventLoop):
    """A loop of asyncio; ``idle`` is set while it waits for something to happen."""

    def __init__(self) -> None:
        self.idle = Event()
        super().__init__(_Selector(self.idle))


class _Selector(selectors.DefaultSelector):
    def __init__(self, idle: Event) -> None:
        super().__init__()
        self._idle = idle

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Return the events that are ready; those that ask without waiting have something else to do."""
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        self._idle.set()
        try:
            return super().select(timeout)
        finally:
            self._idle.clear()


def await_turn(loop: asyncio.AbstractEventLoop, seconds: float = TURN_SECONDS) -> None:
    """Wait in another thread until a loop is idle, or for so many ``seconds``."""
    if isinstance(loop, EventLoop):
        loop.idle.wait(seconds)
