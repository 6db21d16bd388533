"""Signals of a rollout: the first interrupts it, and none interrupts what undoes it."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# A cancelled workflow sends both, 7.5 seconds apart.
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Raise :class:`KeyboardInterrupt` at the first signal, and ignore later ones."""
    before = {number: signal.signal(number, _interrupt) for number in INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore() -> None:
    """Ignore signals from now on."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    ignore()
    raise KeyboardInterrupt
