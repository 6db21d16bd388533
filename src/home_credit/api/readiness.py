"""Whether a decision can be made now: model, ledger and store of applicants, asked at most every two seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from home_credit.errors import UnknownApplicantError, UnknownDecisionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.decisioning.service import DecisionService

logger = logging.getLogger(__name__)

ANSWER_SECONDS, KEPT_SECONDS = 1.0, 2.0
# No decision and no applicant has these, so that reading them costs one look into an index.
NO_DECISION, NO_APPLICANT = "00000000-0000-0000-0000-000000000000", 0


class Readiness:
    """Asks each part in a thread of its own; a part that does not answer in time is not ready.

    Where the model or a store could not be loaded, asking tries again.
    """

    def __init__(self, service: DecisionService, clock: Callable[[], float] = time.monotonic) -> None:
        self._questions: dict[str, Callable[[], object]] = {
            "model": service.scorer,
            "ledger": lambda: service.decision(NO_DECISION),
            "applicants": lambda: service.applicant(NO_APPLICANT),
        }
        self._clock = clock
        self._threads = ThreadPoolExecutor(len(self._questions), thread_name_prefix="readiness")
        self._asked: dict[str, Future[bool]] = {}
        self._lock = asyncio.Lock()
        self._until = float("-inf")
        self._parts: dict[str, bool] = {}

    async def parts(self) -> dict[str, bool]:
        """Return whether each part answers."""
        async with self._lock:
            if self._clock() >= self._until:
                answers = await asyncio.gather(*(self._answers(part) for part in self._questions))
                self._parts = dict(zip(self._questions, answers, strict=True))
                self._until = self._clock() + KEPT_SECONDS
        return self._parts

    async def ready(self) -> bool:
        """Return whether all parts answer."""
        return all((await self.parts()).values())

    def close(self) -> None:
        """Ask no more; a question that is not answered yet is left alone."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _answers(self, part: str) -> bool:
        asked = self._asked.get(part)
        if asked is None or asked.done():
            asked = self._asked[part] = self._threads.submit(self._ask, part)
        done, _ = await asyncio.wait([asyncio.wrap_future(asked)], timeout=ANSWER_SECONDS)
        return bool(done) and asked.result()

    def _ask(self, part: str) -> bool:
        try:
            self._questions[part]()
        except (UnknownDecisionError, UnknownApplicantError):
            return True
        except Exception as error:  # whatever it is, the part cannot be used
            logger.warning("not ready, %s: %s", part, error)
            return False
        return True
