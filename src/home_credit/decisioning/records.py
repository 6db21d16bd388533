"""Between what the API speaks and what the ledger stores; stored records have models of their own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import ValidationError

from home_credit.errors import BrokenRecordError, BundleError
from home_credit.ledger import records
from home_credit.policy import Costs, Policy
from home_credit.schemas import Assessment, Decision, DecisionRecord, PredictionRequest, Review

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.ledger.records import DecisionContent, DecisionEntry, DecisionHistory, ReviewEntry


def content(
    assessment: Assessment,
    request: PredictionRequest,
    policy: Policy,
    *,
    definitions_version: str | None = None,
) -> DecisionContent:
    """Return what is recorded of an assessment made by ``policy`` from the rows in ``request``.

    ``definitions_version`` is that of the features.
    """
    said = assessment.model_dump(include=set(records.Assessment.model_fields))
    return records.DecisionContent(
        applicant_id=assessment.SK_ID_CURR,
        bundle=dict(request),
        assessment=records.Assessment(**said),
        policy=records.Policy(
            cut_off=policy.cut_off,
            review_band=policy.review_band,
            costs=records.Costs(**asdict(policy.costs)) if policy.costs else None,
            version=policy.version,
        ),
        model_version=assessment.model_version,
        definitions_version=definitions_version,
        simulation=assessment.simulation,
    )


def decision(entry: DecisionEntry) -> Decision:
    """Return a recorded decision as the API gives it."""
    return decided(assessment(entry), entry)


def decided(said: Assessment, entry: DecisionEntry) -> Decision:
    """Return the decision that an assessment became when it was recorded."""
    return Decision(**dict(said), decision_id=entry.decision_id, recorded_at=entry.recorded_at)


def assessment(entry: DecisionEntry) -> Assessment:
    """Return what was said of the applicant when the decision was made."""
    return Assessment(
        SK_ID_CURR=entry.applicant_id,
        cut_off=entry.policy.cut_off,
        policy_version=entry.policy.version,
        model_version=entry.model_version,
        simulation=entry.simulation,
        **entry.assessment.model_dump(mode="json", include=set(Assessment.model_fields)),
    )


def policy(entry: DecisionEntry) -> Policy:
    """Return the policy that made a recorded decision.

    Costs that were reconstructed, not recorded, are left out: what was not said then is not said in a replay.
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


def review(entry: ReviewEntry) -> Review:
    """Return a recorded review as the API gives it."""
    return Review(**entry.model_dump(include=set(Review.model_fields)))


def history(recorded: DecisionHistory) -> DecisionRecord:
    """Return a recorded decision with its rows and reviews as the API gives them."""
    return DecisionRecord(
        decision=decision(recorded.decision),
        bundle=request(recorded.decision),
        reviews=[review(entry) for entry in recorded.reviews],
    )


@contextmanager
def reading(decision_id: str) -> Iterator[None]:
    """Turn what is wrong with a stored record into an error of the ledger: no caller's input is at fault."""
    try:
        yield
    except (BundleError, ValidationError) as error:
        cause = str(error).splitlines()[0]
        raise BrokenRecordError(f"the record of decision {decision_id} cannot be read: {cause}") from error
