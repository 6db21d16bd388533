"""Models are looked for while the API runs, and at once on SIGHUP."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.decisioning.updates import ModelUpdates


@contextmanager
def watching(updates: ModelUpdates | None) -> Iterator[None]:
    """Look for other models until the context ends; to be entered on the event loop."""
    if updates is None:
        yield
        return
    # Only the main thread can handle signals; an application under test may run in another.
    signals = threading.current_thread() is threading.main_thread()
    loop = asyncio.get_running_loop()
    updates.start()
    if signals:
        loop.add_signal_handler(signal.SIGHUP, updates.ask)
    try:
        yield
    finally:
        if signals:
            loop.remove_signal_handler(signal.SIGHUP)
        updates.close()
