"""Everything that the platform holds of one person, in JSON types: for a request of access."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from home_credit.decisioning.requests import held_of
from home_credit.errors import UnknownApplicantError

if TYPE_CHECKING:
    from home_credit.applicants import ApplicantStore
    from home_credit.ledger import Ledger


def subject(applicant_id: int, ledger: Ledger, applicants: ApplicantStore | None) -> dict[str, Any]:
    """Return the rows held of an applicant, and every decision with rows, policy, reasons, reviews and shadow scores.

    ``applicant`` is ``None`` where the applicant is not known, or no store of applicants is passed.
    """
    held = None
    if applicants is not None:
        with suppress(UnknownApplicantError):
            held = dict(held_of(applicants, applicant_id).bundle)
    return {
        "SK_ID_CURR": applicant_id,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "applicant": held,
        "decisions": [
            {
                **history.decision.model_dump(mode="json"),
                "shadow_scores": ledger.privacy.shadow_scores(history.decision.decision_id),
                "reviews": [review.model_dump(mode="json") for review in history.reviews],
            }
            for history in ledger.privacy.of_applicant(applicant_id)
        ],
    }
