"""Converts between the API's schemas and the ledger's records, which have models of their own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import ValidationError

from home_credit.decisioning.assessment import facts_of
from home_credit.errors import BrokenRecordError, BundleError, OtherChecksError
from home_credit.ledger.drafts import draft_decision
from home_credit.ledger.records import timestamp
from home_credit.ledger.review_states import initial, overrides
from home_credit.policy import Costs, Policy
from home_credit.schemas import (
    SCALE,
    Assessment,
    Decision,
    DecisionList,
    DecisionRecord,
    DecisionSummary,
    PredictionRequest,
    Review,
    ReviewStatistics,
)
from home_credit.schemas.portfolios import Portfolio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from home_credit.ledger import Page, records
    from home_credit.ledger.bundles import StoredBundle
    from home_credit.ledger.daily_counts import Cell, Count
    from home_credit.ledger.drafts import Draft
    from home_credit.ledger.records import DecisionEntry, DecisionHistory, ReviewEntry
    from home_credit.ledger.review_counts import Statistics


def draft(
    assessment: Assessment,
    stored: StoredBundle,
    policy: Policy,
    *,
    definitions_version: str | None = None,
    idempotency: records.Idempotency | None = None,
    decided_at: datetime | None = None,
) -> Draft[DecisionEntry]:
    """Return the record, ready to be committed, of an assessment that ``policy`` made from ``stored`` rows.

    ``definitions_version`` is that of the features, ``decided_at`` a time in a simulated history.
    """
    # In JSON types, as the ledger stores them: validating the record's models again would take longer than all else.
    return draft_decision(
        {
            "applicant_id": assessment.SK_ID_CURR,
            "assessment": _assessed(assessment),
            "policy": _plain_policy(policy),
            "model_version": assessment.model_version,
            "definitions_version": definitions_version,
            "simulation": assessment.simulation,
            "idempotency": dict(idempotency) if idempotency else None,
            "decided_at": timestamp(decided_at) if decided_at else None,
        },
        stored,
    )


def _assessed(assessment: Assessment) -> dict[str, object]:
    """Return what is recorded of an assessment beside its policy: what it says, without labels and units."""
    return {
        "probability_of_default": assessment.probability_of_default,
        "decision": assessment.decision,
        "score": assessment.score,
        "grade": assessment.grade,
        "reasons": [
            {
                "code": reason.code,
                "feature": reason.feature,
                "value": reason.value,
                "contribution": reason.contribution,
                "text": {"en": reason.text.en, "fr": reason.text.fr},
            }
            for reason in assessment.reasons
        ],
        "warnings": assessment.warnings,
        "expected_cost": assessment.expected_cost,
    }


@lru_cache(maxsize=8)
def _plain_policy(policy: Policy) -> dict[str, object]:
    return {
        "cut_off": policy.cut_off,
        "review_band": policy.review_band,
        "costs": asdict(policy.costs) if policy.costs else None,
        "version": policy.version,
    }


def decision(entry: DecisionEntry) -> Decision:
    """Return a recorded decision as the API gives it."""
    return decided(assessment(entry), entry.decision_id, entry.recorded_at, entry.decided_at)


def decided(
    said: Assessment, decision_id: str, recorded_at: datetime, decided_at: datetime | None = None
) -> Decision:
    """Return the API's decision for an assessment that was recorded."""
    # Both parts were validated when they were made, and a default would be copied.
    return Decision.model_construct(
        **dict(said), scale=SCALE, decision_id=decision_id, recorded_at=recorded_at, decided_at=decided_at
    )


def assessment(entry: DecisionEntry) -> Assessment:
    """Return the assessment of a recorded decision."""
    said = entry.assessment.model_dump(mode="json")
    reasons = [{**reason, **facts_of(reason["feature"])} for reason in said.pop("reasons")]
    return Assessment(
        SK_ID_CURR=entry.applicant_id,
        cut_off=entry.policy.cut_off,
        review_band=entry.policy.review_band,
        policy_version=entry.policy.version,
        model_version=entry.model_version,
        simulation=entry.simulation,
        reasons=reasons,
        **said,
    )


def policy(entry: DecisionEntry) -> Policy:
    """Return the policy that made a recorded decision.

    Costs that were reconstructed and not recorded are left out, so that a replay does not state them either.
    """
    recorded = entry.policy
    costs = recorded.costs if entry.policy_recorded else None
    return Policy(
        recorded.cut_off,
        recorded.review_band,
        Costs(**costs.model_dump(exclude_none=True)) if costs else None,
        recorded.version,
    )


def request(entry: DecisionEntry) -> PredictionRequest:
    """Return the rows that a recorded decision was made from."""
    return PredictionRequest(**entry.bundle)


def review(entry: ReviewEntry, decided: str | None = None) -> Review:
    """Return a recorded review as the API gives it; ``decided`` is what the policy had decided, if it lacks it."""
    override = overrides(entry.reviewed or decided, entry.decision)
    return Review(**entry.model_dump(include=set(Review.model_fields)), override=override)


def history(recorded: DecisionHistory) -> DecisionRecord:
    """Return a recorded decision with its rows and reviews as the API gives them."""
    entry = recorded.decision
    decided = entry.assessment.decision
    state = recorded.reviews[-1].state if recorded.reviews else initial(decided, reviewable=entry.reviewable)
    return DecisionRecord(
        decision=decision(entry),
        bundle=request(entry),
        reviews=[review(each, decided) for each in recorded.reviews],
        review=state or "none",
    )


def review_statistics(first: date, last: date, found: Statistics, *, simulated: bool) -> ReviewStatistics:
    """Return the reviews of the days ``first`` to ``last`` as the API gives them.

    ``simulated`` says that those of a simulated history may be among them.
    """
    return ReviewStatistics.model_validate(
        {
            "from": first,
            "to": last,
            "reviews": sum(each.reviews for each in found.counts),
            "overrides": sum(
                each.reviews for each in found.counts if overrides(each.decision, each.reviewed_as)
            ),
            "reviewers": found.reviewers,
            "simulated": simulated,
            **found.waiting,
            "counts": [each._asdict() for each in found.counts],
        }
    )


def summaries(page: Page) -> DecisionList:
    """Return a page of recorded decisions as the API lists them."""
    return DecisionList(
        decisions=[
            DecisionSummary(
                decision_id=entry.decision_id,
                SK_ID_CURR=entry.applicant_id,
                recorded_at=entry.recorded_at,
                decided_at=entry.decided_at,
                decision=entry.assessment.decision,
                grade=entry.assessment.grade,
                score=entry.assessment.score,
                probability_of_default=entry.assessment.probability_of_default,
                simulation=entry.simulation,
                model_version=entry.model_version,
                review=state,
            )
            for entry, state in page.found
        ],
        next=page.next,
    )


@contextmanager
def reading(decision_id: str) -> Iterator[None]:
    """Raise :class:`OtherChecksError` for rows that break the schema, as the ledger returned what was recorded.

    Raises :class:`BrokenRecordError` for any other invalid content of a record.
    """
    try:
        yield
    except BundleError as error:
        raise OtherChecksError(decision_id, error) from error
    except ValidationError as error:
        cause = str(error).splitlines()[0]
        raise BrokenRecordError(f"the record of decision {decision_id} cannot be read: {cause}") from error


def portfolio(first: date, last: date, counts: Iterable[tuple[Cell, Count]]) -> Portfolio:
    """Return the counts of the days ``first`` to ``last`` as the API gives them."""
    told = [
        {**cell._asdict(), "decisions": count.decisions, "mean_probability": count.mean_probability}
        for cell, count in counts
    ]
    return Portfolio.model_validate({"from": first, "to": last, "counts": told})
