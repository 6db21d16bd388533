"""A challenger in shadow: it scores the features of recorded decisions in a thread of its own.

A decision only puts its features into a bounded queue. Where the queue is full they are dropped and counted, so that an
answer never waits for the challenger. The scores are stored beside the decisions in short transactions.
"""

from __future__ import annotations

import logging
from collections import deque
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from home_credit import policy
from home_credit.features.rows import FeatureRows
from home_credit.ledger.shadow_scores import Judgement, ShadowScore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from home_credit.decisioning.resources import LazyResource
    from home_credit.decisioning.scoring import Scorer
    from home_credit.features.rows import Value
    from home_credit.ledger import Ledger
    from home_credit.schemas import Assessment

logger = logging.getLogger(__name__)

WAITING = 1_024  # decisions of about 20 kB
PAUSE_SECONDS = 1.0
SCORED_TOGETHER = 64  # and stored in one transaction, which a decision may have to wait for
STOP_SECONDS = 2.0


class Features(NamedTuple):
    """The application of a decision and its features, by the definitions of that version."""

    application: Mapping[str, Value]
    values: Sequence[Value]
    definitions_version: str


class Decided(NamedTuple):
    """A recorded decision."""

    decision_id: str
    recorded_at: datetime
    assessment: Assessment
    features: Features


class Shadow:
    """Scores decisions with a challenger and stores the scores in the ledger.

    ``observe`` is called with "scored", "dropped" or "failed", and a number of decisions.
    """

    def __init__(
        self,
        scorer: LazyResource[Scorer],
        ledger: LazyResource[Ledger],
        *,
        observe: Callable[[str, int], None] = lambda _outcome, _number: None,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.scorer = scorer
        self._ledger, self._observe, self._pause = ledger, observe, pause_seconds
        self._waiting: deque[Decided] = deque()
        self._some, self._closed = Event(), Event()
        self._lock = Lock()
        self._thread: Thread | None = None

    def offer(self, decided: Sequence[Decided]) -> None:
        """Take decisions, as many as there is room for; returns at once. The first ones start the thread."""
        if not decided or self._closed.is_set():
            return
        if self._thread is None:
            self._start()
        room = max(0, WAITING - len(self._waiting))
        self._waiting.extend(decided[:room])
        if len(decided) > room:
            self._observe("dropped", len(decided) - room)
        self._some.set()

    def close(self) -> None:
        """Score and store what waits, as far as :data:`STOP_SECONDS` allow."""
        self._closed.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="shadow", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not (self._closed.is_set() and not self._waiting):
            self._some.wait()
            # What arrives meanwhile is scored together.
            self._closed.wait(self._pause)
            self._some.clear()
            while self._waiting:
                few = min(SCORED_TOGETHER, len(self._waiting))
                self._score([self._waiting.popleft() for _ in range(few)])

    def _score(self, group: Sequence[Decided]) -> None:
        try:
            self._ledger.get().add_shadow_scores(scored(self.scorer.get(), group))
        except Exception as error:  # the decisions are made, whatever becomes of the challenger
            logger.warning("%d decisions are not scored by the challenger: %s", len(group), error)
            self._observe("failed", len(group))
        else:
            self._observe("scored", len(group))


def scored(challenger: Scorer, group: Sequence[Decided]) -> list[ShadowScore]:
    """Return the judgements of a challenger on decisions, by its own policy."""
    rows = FeatureRows([each.features.values for each in group])
    if any(each.features.definitions_version != challenger.definitions_version for each in group):
        applications = [each.features.application for each in group]
        rows = challenger.computer.with_these_terms(applications, rows)
    return [
        ShadowScore(
            each.decision_id,
            each.recorded_at,
            each.assessment.model_version,
            Judgement(
                each.assessment.probability_of_default, each.assessment.decision, each.assessment.grade
            ),
            challenger.version,
            Judgement(probability, challenger.policy.decide(probability), policy.grade(probability)),
        )
        for each, probability in zip(group, challenger.model.probability(rows).tolist(), strict=True)
    ]
