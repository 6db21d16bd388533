"""Refuses at once what would wait in vain: a resource that failed slowly is asked again a second later."""

from __future__ import annotations

import copy
import time
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW = 1.0  # seconds; a failure that took less is no reason to refuse others
PAUSE = 1.0  # seconds until one caller may try again


class Breaker:
    """Lets every caller through until one fails slowly, then one at a time until one succeeds.

    ``failure`` is the class of errors that say that the resource does not answer; any other shows that it does.
    """

    def __init__(self, failure: type[Exception]) -> None:
        self._class = failure
        self._lock = Lock()
        self._failure: Exception | None = None
        self._next_try = 0.0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Run the block, or raise the failure of an earlier caller at once."""
        started = time.monotonic()
        self._enter(started)
        try:
            yield
        except self._class as error:
            if time.monotonic() - started >= SLOW:
                self._next_try = time.monotonic() + PAUSE
                self._failure = error.with_traceback(None)
            raise
        except BaseException:
            self._failure = None
            raise
        self._failure = None

    def _enter(self, now: float) -> None:
        if self._failure is None:
            return
        with self._lock:
            failure = self._failure
            if failure is not None:
                if now < self._next_try:
                    raise copy.copy(failure)
                # The others wait for the outcome of this try no longer than for one that fails.
                self._next_try = now + SLOW + PAUSE
