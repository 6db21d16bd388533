"""Decisions of many callers at once: one thread computes them, another records them in groups.

A group is what waited while the one before was computed, or recorded, so it grows with the load: computing several
applicants together takes less time than one after the other, and one transaction makes a group durable.
"""

from __future__ import annotations

import logging
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from home_credit.decisioning.service import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from home_credit.decisioning.requests import DecisionRequest
    from home_credit.decisioning.service import DecisionService
    from home_credit.schemas import Decision

logger = logging.getLogger(__name__)

T = TypeVar("T")
Item = TypeVar("Item")

COMPUTED_TOGETHER = 32  # more save little, and the first of them waits for the last
LARGE = 256_000  # bytes of rows, which end a group: its requests are in memory together
RECORDED_TOGETHER = 64
STOP_SECONDS = 5.0


class Pipeline(Generic[T]):
    """Decides and records requests, each submitted with a ticket of the caller's own.

    ``deliver`` is called with tickets and outcomes, a recorded decision or the error of the request, from the threads
    of the pipeline. Their number is not bounded here: a caller submits as many as it is willing to wait for.
    ``await_turn`` is called with the first ticket of a group before the group is filled and computed, and may wait.
    """

    def __init__(
        self,
        service: DecisionService,
        deliver: Callable[[Sequence[tuple[T, Decision | Exception]]], None],
        await_turn: Callable[[T], None] = lambda _: None,
    ) -> None:
        self._service, self._deliver, self._await_turn = service, deliver, await_turn
        self._asked: SimpleQueue[tuple[T, DecisionRequest] | None] = SimpleQueue()
        self._prepared: SimpleQueue[tuple[T, Prepared] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._lock, self._recording = Lock(), Lock()

    def submit(self, ticket: T, request: DecisionRequest) -> None:
        """Take a request; its outcome is delivered later. The first one starts the threads."""
        if not self._threads:
            self._start()
        self._asked.put((ticket, request))

    def close(self) -> None:
        """Finish the requests taken so far, as far as :data:`STOP_SECONDS` allow."""
        with self._lock:
            threads, self._threads = self._threads, []
        if threads:
            self._asked.put(None)
        for thread in threads:
            thread.join(STOP_SECONDS)

    def _start(self) -> None:
        with self._lock:
            if not self._threads:
                # The process may end while a thread waits for a database.
                self._threads = [
                    Thread(target=work, name=f"decisions-{work.__name__.strip('_')}", daemon=True)
                    for work in (self._compute, self._record)
                ]
                for thread in self._threads:
                    thread.start()

    def _compute(self) -> None:
        while group := _next(self._asked, COMPUTED_TOGETHER, _bytes, self._begun):
            prepared, failed = [], []
            outcomes = self._prepare([request for _, request in group])
            for (ticket, _), outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, Prepared):
                    prepared.append((ticket, outcome))
                else:
                    failed.append((ticket, outcome))
            self._failed(failed)
            if prepared and not self._recorded_here(prepared):
                for each in prepared:
                    self._prepared.put(each)
        self._prepared.put(None)

    def _begun(self, first: tuple[T, DecisionRequest]) -> None:
        self._await_turn(first[0])

    def _recorded_here(self, group: Sequence[tuple[T, Prepared]]) -> bool:
        """Record a group at once where nothing else is to be done meanwhile: it need not wait for another thread."""
        if not self._asked.empty() or not self._recording.acquire(blocking=False):
            return False
        try:
            self._record_group(group)
        finally:
            self._recording.release()
        return True

    def _record(self) -> None:
        while group := _next(self._prepared, RECORDED_TOGETHER):
            with self._recording:
                self._record_group(group)

    def _record_group(self, group: Sequence[tuple[T, Prepared]]) -> None:
        tickets = [ticket for ticket, _ in group]
        try:
            outcomes = self._service.record([prepared for _, prepared in group])
        except Exception as error:  # the callers are told, and the next group is tried
            self._failed([(ticket, error) for ticket in tickets])
        else:
            self._deliver(list(zip(tickets, outcomes, strict=True)))

    def _prepare(self, requests: Sequence[DecisionRequest]) -> Sequence[Prepared | Exception]:
        try:
            return self._service.prepare(requests)
        except Exception as error:  # what one request causes must not fail the others
            return [error] if len(requests) == 1 else [self._prepare([each])[0] for each in requests]

    def _failed(self, outcomes: Sequence[tuple[T, Decision | Exception]]) -> None:
        if outcomes:
            self._deliver(outcomes)


def _bytes(item: tuple[Any, DecisionRequest]) -> int:
    return item[1].size


def _next(
    queue: SimpleQueue[Item | None],
    most: int,
    size: Callable[[Item], int] = lambda _: 0,
    begun: Callable[[Item], None] = lambda _: None,
) -> list[Item]:
    """Return what waits, at least one item and at most ``most``; nothing where the end of the queue was put.

    Nothing is added once the sizes come to more than :data:`LARGE`. ``begun`` is called with the first item, before
    others are added.
    """
    group: list[Item] = []
    total = 0
    try:
        while len(group) < most and total <= LARGE:
            item = queue.get(block=not group)
            if item is None:
                if group:
                    queue.put(None)  # seen again after this group
                break
            group.append(item)
            total += size(item)
            if len(group) == 1:
                begun(item)
    except Empty:
        pass
    return group
