"""A simulated history of decisions and reviews, with which the ledger of a demo begins, so that no page is empty.

Its decisions are the model's, on known applicants; what is simulated is that somebody asked for them, when, and what
reviewers said. Each record says so: it is a simulation, with ``decided_at`` beside the true time of its record.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from home_credit.decisioning.requests import KnownRequest, of_history
from home_credit.decisioning.service import Reviewer
from home_credit.errors import ReviewConflictError
from home_credit.schemas import ApplicantQuery, Decision, DecisionQuery, ReviewRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from home_credit.decisioning.service import DecisionService
    from home_credit.ledger.records import Idempotency
    from home_credit.schemas.requests import ReasonCode

DAYS = 90
SEED = 2018
GROUP = 10  # decisions that are computed and recorded together
CANDIDATES = 1_000  # known applicants that the history is drawn from
OPENS, CLOSES = 8, 18  # hours in UTC at which a decision may stand
FRIDAY = 5  # the first so many days of a week have decisions
# Referrals of the last days wait for a human; of the earlier ones most were reviewed.
WAITING_DAYS, REVIEWED_SHARE, APPROVED_SHARE = 4, 0.9, 0.55
APPEALED_SHARE = 0.1  # of declined applicants, who asked for a human decision
REVIEWERS = ("demo reviewer 1", "demo reviewer 2")
REASON = "Revue simulée de la démonstration · Simulated review of the demo"
APPROVALS: tuple[ReasonCode, ...] = ("additional_income", "guarantor_or_collateral")
REFUSALS: tuple[ReasonCode, ...] = ("affordability", "missing_documents")


class Planned(NamedTuple):
    """A decision of the history: its number, its applicant and its time."""

    number: int
    applicant_id: int
    decided_at: datetime

    @property
    def idempotency(self) -> Idempotency:
        """What a history that was interrupted recognises it by."""
        return of_history(self.number)


def plan(applicants: Sequence[int], size: int, now: datetime) -> list[Planned]:
    """Return the decisions of a history, the earliest first: at working hours of the last :data:`DAYS` days."""
    draw = np.random.default_rng(SEED)
    chosen = draw.permutation(len(applicants))[:size]
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    working = [day for day in days if day.weekday() < FRIDAY]
    seconds = draw.integers(OPENS * 3600, CLOSES * 3600, size=len(chosen))
    times = sorted(
        working[place] + timedelta(seconds=int(second))
        for place, second in zip(draw.integers(len(working), size=len(chosen)), seconds, strict=True)
    )
    return [
        Planned(number, applicants[place], moment)
        for number, (place, moment) in enumerate(zip(chosen, times, strict=True))
    ]


def wanted(service: DecisionService, size: int, now: datetime) -> list[Planned]:
    """Return the plan of a history of ``size`` decisions, which is empty for a ledger that is in use or has one.

    A history that was interrupted is wanted again. Raises what reading applicants and ledger raises.
    """
    planned = plan(service.applicants(ApplicantQuery(limit=CANDIDATES)).applicants, size, now)
    if not planned or service.has_recorded(planned[-1].idempotency):
        return []
    begun = service.has_recorded(planned[0].idempotency)
    return planned if begun or not service.decisions(DecisionQuery(limit=1)).decisions else []


def record(service: DecisionService, planned: Sequence[Planned], now: datetime) -> Iterator[int]:
    """Record a history and yield the number of decisions after each small group.

    What is there already is not recorded again, so several processes may do this at once. Raises what deciding and
    recording raise.
    """
    for start in range(0, len(planned), GROUP):
        group = planned[start : start + GROUP]
        requests = [
            KnownRequest(each.applicant_id, None, each.idempotency, each.decided_at) for each in group
        ]
        for each, outcome in zip(group, service.decide_all(requests), strict=True):
            if isinstance(outcome, Exception):
                raise outcome
            _review(service, each, outcome, now)
        yield start + len(group)


def _review(service: DecisionService, planned: Planned, decision: Decision, now: datetime) -> None:
    """Record what a simulated reviewer decides, where one does."""
    draw = np.random.default_rng((SEED, planned.number))
    share = {"review": REVIEWED_SHARE, "declined": APPEALED_SHARE}.get(decision.decision, 0.0)
    if draw.random() >= share or now - planned.decided_at < timedelta(days=WAITING_DAYS):
        return
    approved = bool(draw.random() < APPROVED_SHARE)
    code = (APPROVALS if approved else REFUSALS)[draw.integers(2)]
    request = ReviewRequest(decision="approved" if approved else "declined", reason_code=code, reason=REASON)
    reviewer = Reviewer(REVIEWERS[draw.integers(len(REVIEWERS))])
    with suppress(ReviewConflictError):  # recorded before
        service.review(decision.decision_id, request, reviewer)
