"""The models of stored records, separate from those of the API.

A record is one canonical JSON payload with a ``format`` number. The models here have the shape of the present format;
:mod:`home_credit.ledger.formats` reads the older ones into them. A field added, removed, renamed or given another
meaning makes a new format, with an upgrade from the one before.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr

from home_credit.policy import DecisionKind  # noqa: TC001  (pydantic resolves it at run time)

FORMAT = 5
TIME_BYTES = 32  # of a timestamp, with which a payload begins from format 4 on
Scalar = str | int | bool | None


class Record(BaseModel):
    """Base of the models: unknown fields and non-finite numbers are invalid."""

    # Built on first use: the API starts without reading a record.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class Reason(Record):
    """One reason of a decision, as it was given; ``text`` by language, ``contribution`` in log-odds."""

    code: str
    feature: str
    value: StrictBool | StrictInt | StrictFloat | StrictStr | None
    contribution: float
    text: dict[str, str]


class Assessment(Record):
    """The outcome of the model and the policy; ``expected_cost`` is in the unit of the costs."""

    probability_of_default: float
    decision: DecisionKind
    score: int
    grade: str
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...] = ()
    expected_cost: float | None = None


class Costs(Record):
    """Costs of wrong decisions and of a review, in one unit of money, and the error rate of reviews."""

    false_negative: float
    false_positive: float
    review: float
    reviewer_error_rate: float | None = None


class Policy(Record):
    """The policy of a decision; a replay decides with it.

    ``review_band`` holds the probabilities that were referred, the lower bound included and the upper one not;
    ``None`` where there were none. ``costs`` and ``version`` are ``None`` where they are not known
    (see :attr:`DecisionEntry.policy_recorded`).
    """

    cut_off: float
    review_band: tuple[float, float] | None
    costs: Costs | None
    version: str | None


class Idempotency(Record):
    """What a repeated request is recognised by: digests of caller and key together, and of the request."""

    key: str
    request: str

    @classmethod
    def of(cls, caller: str, key: str, request: bytes) -> Self:
        """Return the digests for a key that ``caller`` chose, and the bytes that identify what was asked for."""
        return cls(
            key=hashlib.sha256(canonical([caller, key]).encode()).hexdigest(),
            request=hashlib.sha256(request).hexdigest(),
        )


class DecisionContent(Record):
    """A decision to record. ``bundle`` holds the applicant's rows by table, in JSON types.

    ``decided_at`` is given for a decision of a simulated history alone: the time at which it stands there, and not the
    one at which it was recorded. Such a decision is a ``simulation`` too.
    """

    applicant_id: int
    bundle: dict[str, object]
    assessment: Assessment
    policy: Policy
    model_version: str
    definitions_version: str | None = None
    simulation: bool = False
    idempotency: Idempotency | None = None
    decided_at: datetime | None = None

    @property
    def reviewable(self) -> bool:
        """Whether a human may review it: no simulation, but for those of a simulated history."""
        return not self.simulation or self.decided_at is not None


class DecisionEntry(DecisionContent):
    """A recorded decision; ``format`` is the stored one, ``recorded_at`` is in UTC."""

    format: int
    decision_id: str
    recorded_at: datetime

    @property
    def policy_recorded(self) -> bool:
        """Whether ``policy`` was recorded; format 1 has the cut-off only, the rest is reconstructed."""
        return self.format > 1

    @property
    def day(self) -> str:
        """The day that it is counted on, in UTC."""
        return (self.decided_at or self.recorded_at).date().isoformat()

    @property
    def every_reason(self) -> bool:
        """Whether the decision gave every reason, as up to format 2, and not just the strongest each way."""
        return self.format < 3

    def projection(self) -> dict[str, Scalar]:
        """Return what the columns beside the payload repeat."""
        return {
            "decision_id": self.decision_id,
            "recorded_at": timestamp(self.recorded_at),
            "applicant_id": self.applicant_id,
            "decision": self.assessment.decision,
            "grade": self.assessment.grade,
            "model_version": self.model_version,
            "simulation": self.simulation,
            "idempotency_key": self.idempotency.key if self.idempotency else None,
        }


class ReviewContent(Record):
    """A human's own decision to record; ``forwarded_by`` is the key that named the reviewer, if another one's."""

    reviewer: str
    decision: Literal["approved", "declined"]
    reason: str
    reason_code: str = "other"
    forwarded_by: str | None = None


class ReviewEntry(ReviewContent):
    """A recorded review of the decision ``decision_id``.

    ``state`` is that of the decision after it. ``reviewed`` is what the policy had decided; ``None`` up to format 3.
    """

    format: int
    decision_id: str
    recorded_at: datetime
    state: Literal["second", "reviewed"] = "reviewed"
    reviewed: DecisionKind | None = None

    def projection(self) -> dict[str, Scalar]:
        """Return what the columns beside the payload repeat."""
        return {
            "decision_id": self.decision_id,
            "recorded_at": timestamp(self.recorded_at),
            "state": self.state,
        }


class ErasureContent(Record):
    """Decisions to erase, with their reviews: as ranges of their places, both ends included.

    ``cause`` is a request of the person, the end of the time that records are kept, or an earlier erasure of which a
    restored copy knew nothing.
    """

    cause: Literal["request", "retention", "restore"]
    decisions: tuple[tuple[int, int], ...]


class ErasureEntry(ErasureContent):
    """A recorded erasure."""

    format: int
    recorded_at: datetime

    def projection(self) -> dict[str, Scalar]:
        """Return what the columns beside the payload repeat."""
        return {"recorded_at": timestamp(self.recorded_at)}


class DecisionHistory(Record):
    """A recorded decision and its reviews, the earliest first."""

    decision: DecisionEntry
    reviews: tuple[ReviewEntry, ...]


def canonical(value: object) -> str:
    """Return the canonical JSON of ``value``, which formats 1 and 2 hashed.

    Keys are sorted, there are no spaces, text is ASCII, floats have their shortest representation.

    Raises :class:`ValueError` where a number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def timestamp(moment: datetime) -> str:
    """Return the text of a moment: ISO 8601 in UTC, with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
