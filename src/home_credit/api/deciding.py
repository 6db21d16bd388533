"""Decisions for requests on the event loop: handed to the pipeline, and answered when they are durable."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from home_credit.api.event_loop import await_turn
from home_credit.decisioning.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.decisioning.requests import DecisionRequest
    from home_credit.decisioning.service import DecisionService
    from home_credit.schemas import Decision

    Waiting = asyncio.Future[Decision]


class Deciding:
    """Awaits decisions of a service without a thread for each request."""

    def __init__(self, service: DecisionService) -> None:
        self._pipeline: Pipeline[Waiting] = Pipeline(service, _deliver, _await_turn)

    async def decide(self, request: DecisionRequest) -> Response:
        """Return the response to a request for a decision; raises the error of the request."""
        waiting: Waiting = asyncio.get_running_loop().create_future()
        self._pipeline.submit(waiting, request)
        decision = await waiting
        # Written by pydantic itself: the framework would validate the decision again.
        return Response(decision.model_dump_json(), media_type="application/json")

    def close(self) -> None:
        """Finish what was taken."""
        self._pipeline.close()


def _await_turn(waiting: Waiting) -> None:
    await_turn(waiting.get_loop())


def _deliver(outcomes: Sequence[tuple[Waiting, Decision | Exception]]) -> None:
    """Hand outcomes from a thread of the pipeline to the event loops that wait, all of a loop at once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Waiting, Decision | Exception]]] = {}
    for waiting, outcome in outcomes:
        by_loop.setdefault(waiting.get_loop(), []).append((waiting, outcome))
    for loop, ended in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, ended)


def _settle(outcomes: Sequence[tuple[Waiting, Decision | Exception]]) -> None:
    for waiting, outcome in outcomes:
        if waiting.done():  # the client has left
            continue
        if isinstance(outcome, Exception):
            waiting.set_exception(outcome)
        else:
            waiting.set_result(outcome)
