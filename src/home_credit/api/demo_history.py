"""The simulated history of a demo, recorded while the API serves: in small groups, so that it delays nobody."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from home_credit.decisioning import history
from home_credit.errors import HomeCreditError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.decisioning.service import DecisionService

logger = logging.getLogger(__name__)

BEGIN_SECONDS = 1.0  # after the start: the first probes are answered before
PAUSE = 2.0  # as long as the last group took, so many times


@contextmanager
def recording(service: DecisionService, size: int) -> Iterator[None]:
    """Record a history of ``size`` decisions, none for 0, in a thread that ends with the context."""
    now = datetime.now(UTC)
    # Before anybody is served: a ledger that is empty now is one that nobody used.
    planned = _wanted(service, size, now) if size else []
    if not planned:
        yield
        return
    stop = threading.Event()
    groups = history.record(service, planned, now)
    thread = threading.Thread(target=_record, args=(groups, stop), name="history", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _wanted(service: DecisionService, size: int, now: datetime) -> list[history.Planned]:
    try:
        return history.wanted(service, size, now)
    except HomeCreditError:
        return []  # that applicants or ledger cannot be read was logged when they were loaded


def _record(groups: Iterator[int], stop: threading.Event) -> None:
    recorded, pause = 0, BEGIN_SECONDS
    try:
        while not stop.wait(pause):
            began = time.monotonic()
            recorded = next(groups)
            pause = PAUSE * (time.monotonic() - began)
    except StopIteration:
        logger.info("demo: a simulated history of %d decisions was recorded", recorded)
    except HomeCreditError as error:
        logger.warning("demo: the simulated history was not recorded: %s", error)
