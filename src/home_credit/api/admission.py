"""A bound on the requests that are worked on at once; those above it are refused at once, not queued."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from home_credit.api.problems import RETRY, response_of
from home_credit.api.rules import Work

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from home_credit.api.rules import Rule
    from home_credit.config import Settings


LARGE_BODY = 512_000  # bytes


class Places:
    """The requests that one process works on, counted by kind of work; probes always have a place.

    ``large`` is held by the one request with a body of more than :data:`LARGE_BODY` that is worked on: a parsed body
    takes many times its bytes. Those that wait for it have a place, and their bodies are held.
    """

    def __init__(self, settings: Settings) -> None:
        self._most = {
            Work.DECISION: settings.max_decisions_at_once,
            Work.BATCH: settings.max_batches_at_once,
            Work.READ: settings.max_reads_at_once,
        }
        self.taken: Counter[Work] = Counter()
        # Written once: refusals come by thousands, and must cost little.
        self._occupied = response_of(
            HTTPException(503, "the service is fully occupied; try again shortly", headers=RETRY)
        )
        self.large = asyncio.Lock()

    def refused(self, scope: Scope) -> Response | None:
        """Return the answer to a request for which there is no place; it is marked as refused."""
        work = scope["state"]["rule"].work
        if work in self._most and self.taken[work] >= self._most[work]:
            scope["state"]["refused"] = True
            return self._occupied
        return None


class Admission:
    """Lets a request through while it has a place, or answers 503."""

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app, self._places = app, places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refused := self._places.refused(scope):
            await refused(scope, receive, send)
            return
        rule: Rule = scope["state"]["rule"]
        self._places.taken[rule.work] += 1
        try:
            if scope["state"].get("body_bytes", 0) > LARGE_BODY:
                async with self._places.large:
                    await self._app(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            self._places.taken[rule.work] -= 1
