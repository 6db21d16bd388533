"""Drafts: records whose JSON is ready, and that lack only their time and their place in the chain."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from home_credit.ledger import review_states
from home_credit.ledger.bundles import StoredBundle, encoded
from home_credit.ledger.encryption import DataKey
from home_credit.ledger.formats import encrypted
from home_credit.ledger.identifiers import new_id
from home_credit.ledger.records import (
    FORMAT,
    DecisionContent,
    DecisionEntry,
    ErasureContent,
    ErasureEntry,
    Idempotency,
    ReviewContent,
    ReviewEntry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from home_credit.ledger.records import Scalar

T = TypeVar("T", DecisionEntry, ReviewEntry, ErasureEntry)


@dataclass(frozen=True, slots=True)
class Draft(Generic[T]):
    """A record before it is recorded; making one takes no lock and no connection.

    ``payload`` and ``columns`` lack the time and the place. ``record`` returns the model. ``key`` is the one that a
    decision was encrypted with, ``probability`` its probability of default, zero for a review; ``decided_at`` its time
    in a simulated history, if it is of one.
    """

    decision_id: str
    payload: bytes
    columns: Mapping[str, Scalar]
    record: Callable[[datetime], T]
    bundle: bytes | None = None
    idempotency: Idempotency | None = None
    probability: float = 0.0
    key: DataKey | None = None
    decided_at: datetime | None = None

    def recorded(self, moment: str) -> bytes:
        """Return the payload with its time, a text of :func:`~home_credit.ledger.records.timestamp`."""
        return moment.encode() + self.payload


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T]):
    """The outcome of a draft: the record is durable.

    ``repeated`` says that an earlier request with the same idempotency key and content was recorded, and this is its
    record. ``read`` returns the record, which is built when it is asked for.
    """

    decision_id: str
    recorded_at: datetime
    read: Callable[[], T]
    repeated: bool = False

    @staticmethod
    def of(record: DecisionEntry) -> Recorded[DecisionEntry]:
        """Return the outcome of a decision whose record was read."""
        return Recorded(record.decision_id, record.recorded_at, lambda: record)


def draft_decision(
    content: DecisionContent | Mapping[str, Any], bundle: StoredBundle | None = None
) -> Draft[DecisionEntry]:
    """Return the draft of a decision.

    ``content`` may be the fields of a :class:`DecisionContent` in JSON types, which are not validated again.
    ``bundle`` replaces the rows of ``content`` where they are encoded already. Raises :class:`ValueError` or
    :class:`TypeError` where the rows are not JSON.
    """
    fields: Mapping[str, Any]
    if isinstance(content, DecisionContent):
        fields = content.model_dump(mode="json", exclude={"bundle"})
        rows = content.bundle
    else:
        fields = content
        rows = content.get("bundle", {})
    stored = StoredBundle.of_rows(rows) if bundle is None else bundle
    decision_id, key = new_id(), DataKey.new()
    rows_encrypted = key.encrypt(stored.content)
    stamp = {"format": FORMAT, "decision_id": decision_id}
    reference = {"encoding": stored.encoding, "sha256": hashlib.sha256(rows_encrypted).hexdigest()}
    assessment = fields["assessment"]
    simulation, decision, given = (
        fields.get("simulation", False),
        assessment["decision"],
        fields.get("idempotency"),
    )
    idempotency = Idempotency.model_validate(given) if given else None
    decided_at = fields.get("decided_at")
    reviewable = not simulation or decided_at is not None

    def record(moment: datetime) -> DecisionEntry:
        held = {"bundle": rows if bundle is None else bundle.rows()}
        if isinstance(content, DecisionContent):
            return DecisionEntry.model_construct(**dict(content) | held | stamp, recorded_at=moment)
        return DecisionEntry.model_validate({**fields, **held, **stamp, "recorded_at": moment})

    return Draft(
        decision_id,
        encrypted(encoded({**fields, **stamp, "bundle": reference}), key),
        {
            "decision_id": decision_id,
            "applicant_id": fields["applicant_id"],
            "decision": decision,
            "grade": assessment["grade"],
            "model_version": fields["model_version"],
            "simulation": simulation,
            "idempotency_key": idempotency.key if idempotency else None,
            "review": review_states.initial(decision, reviewable=reviewable),
        },
        record,
        rows_encrypted,
        idempotency,
        assessment["probability_of_default"],
        key,
        datetime.fromisoformat(decided_at) if decided_at else None,
    )


def draft_review(
    decision: DecisionEntry, content: ReviewContent, state: str, key: DataKey
) -> Draft[ReviewEntry]:
    """Return the draft of a review that leaves a decision in ``state``; ``key`` is that of the decision."""
    reviewed = decision.assessment.decision
    stamp = {"format": FORMAT, "decision_id": decision.decision_id, "state": state, "reviewed": reviewed}

    def record(moment: datetime) -> ReviewEntry:
        return ReviewEntry.model_construct(**{**dict(content), **stamp}, recorded_at=moment)

    payload = encrypted(encoded({**content.model_dump(), **stamp}), key)
    return Draft(decision.decision_id, payload, {"decision_id": decision.decision_id, "state": state}, record)


def draft_erasure(content: ErasureContent) -> Draft[ErasureEntry]:
    """Return the draft of an erasure, whose record holds nothing of a person and is plain."""
    stamp = {"format": FORMAT}

    def record(moment: datetime) -> ErasureEntry:
        return ErasureEntry.model_construct(**{**dict(content), **stamp}, recorded_at=moment)

    return Draft("", encrypted(encoded({**content.model_dump(mode="json"), **stamp}), None), {}, record)
