"""The state of the review of each decision, a column that follows from the two chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, not_, select, update

from home_credit.errors import BrokenRecordError, ReviewConflictError
from home_credit.ledger.schema import decisions, reviews

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from home_credit.ledger.records import DecisionEntry, ReviewContent, ReviewEntry

# SECOND: a first reviewer overrode the policy, and a second one has to confirm it.
OPEN, SECOND, REVIEWED = "open", "second", "reviewed"


def initial(decision: str, *, reviewable: bool) -> str | None:
    """Return the state of a decision without a review: a referral waits for one."""
    return OPEN if decision == "review" and reviewable else None


def overrides(decided: str | None, reviewed_as: str) -> bool:
    """Return whether a review decides otherwise than the policy, which leaves a referral to the reviewer."""
    return decided is not None and decided not in {"review", reviewed_as}


def after(
    decision: DecisionEntry, earlier: Sequence[ReviewEntry], content: ReviewContent, *, second_reader: bool
) -> str:
    """Return the state that a review leaves a decision in; to be called with the reviews locked.

    A referral takes a review, and so does a declined application, whose applicant may ask for it. With
    ``second_reader``, an override takes a second one, by somebody else, and the later one holds. Raises
    :class:`ReviewConflictError` where the decision takes no review, or not one by this reviewer.
    """
    cause = None
    if not decision.reviewable:
        cause = "it is a simulation"
    elif decision.assessment.decision == "approved":
        cause = "the application was approved"
    elif earlier and earlier[-1].state == REVIEWED:
        cause = "it was reviewed before"
    elif any(_same_person(review.reviewer, content.reviewer) for review in earlier):
        cause = "the second reader has to be another person than the first"
    if cause:
        raise ReviewConflictError(decision.decision_id, cause)
    first = not earlier and second_reader and overrides(decision.assessment.decision, content.decision)
    return SECOND if first else REVIEWED


def set_state(connection: Connection, decision_id: str, state: str) -> None:
    """Set the state of a decision after a review."""
    connection.execute(update(decisions).where(decisions.c.decision_id == decision_id).values(review=state))


def verify(connection: Connection) -> None:
    """Compare the states with the reviews; ``connection`` sees one state of the ledger.

    Raises :class:`BrokenRecordError` naming a decision whose state says otherwise, or a review without a decision.
    """
    later = reviews.alias()
    held = reviews.c.erased.is_(None)
    is_last = not_(
        exists().where(later.c.decision_id == reviews.c.decision_id, later.c.sequence > reviews.c.sequence)
    )
    same = (reviews.c.decision_id == decisions.c.decision_id, reviews.c.state == decisions.c.review)
    unfounded = (
        select(decisions.c.sequence)
        .where(decisions.c.review.in_((SECOND, REVIEWED)), not_(exists().where(*same, is_last)))
        .limit(1)
    )
    if (sequence := connection.scalar(unfounded)) is not None:
        raise BrokenRecordError(
            f"decisions record {sequence} was changed: its column review is not what its reviews left"
        )
    missing = select(reviews.c.sequence).where(held, is_last, not_(exists().where(*same))).limit(1)
    if (sequence := connection.scalar(missing)) is not None:
        raise BrokenRecordError(
            f"the decision of reviews record {sequence} was changed: its state is not what that review left"
        )


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
