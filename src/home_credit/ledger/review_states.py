"""The state of the review of each decision, a column that follows from the two chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, not_, select, update

from home_credit.errors import BrokenRecordError, ReviewConflictError
from home_credit.ledger.schema import decisions, reviews

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from home_credit.ledger.records import DecisionEntry

OPEN, REVIEWED = "open", "reviewed"


def initial(decision: str, *, simulation: bool) -> str | None:
    """Return the state of a decision without a review: a referral waits for one."""
    return OPEN if decision == "review" and not simulation else None


def check_open(connection: Connection, decision: DecisionEntry) -> None:
    """Raise :class:`ReviewConflictError` where a decision takes no review; to be called with the reviews locked.

    A referral takes one review, and so does a declined application, whose applicant may ask for it.
    """
    cause = None
    if decision.simulation:
        cause = "it is a simulation"
    elif decision.assessment.decision == "approved":
        cause = "the application was approved"
    elif connection.scalar(select(exists().where(reviews.c.decision_id == decision.decision_id))):
        cause = "it was reviewed before"
    if cause:
        raise ReviewConflictError(decision.decision_id, cause)


def close(connection: Connection, decision_id: str) -> None:
    """Set the state of a decision that has a review now."""
    connection.execute(
        update(decisions).where(decisions.c.decision_id == decision_id).values(review=REVIEWED)
    )


def verify(connection: Connection) -> None:
    """Compare the states with the reviews, which others may append meanwhile.

    Raises :class:`BrokenRecordError` naming a decision whose state says otherwise, or a review without a decision.
    """
    same, reviewed = reviews.c.decision_id == decisions.c.decision_id, decisions.c.review == REVIEWED
    unfounded = select(decisions.c.sequence).where(reviewed, not_(exists().where(same))).limit(1)
    if (sequence := connection.scalar(unfounded)) is not None:
        raise BrokenRecordError(f"decisions record {sequence} was changed: no review of it was recorded")
    missing = select(reviews.c.sequence).where(not_(exists().where(same, reviewed))).limit(1)
    if (sequence := connection.scalar(missing)) is not None:
        raise BrokenRecordError(
            f"the decision of reviews record {sequence} was changed: it is not reviewed there"
        )
