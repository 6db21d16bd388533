"""Requests and responses of the API; the dashboard and the smoke checks use the same models."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (pydantic resolves it at run time)
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, FailFast, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from home_credit.policy import (
    BASE_ODDS,
    BASE_POINTS,
    GRADES,
    POINTS_TO_DOUBLE_ODDS,
    DecisionKind,
)
from home_credit.tables.schema import MOST_ROWS

Lever = Literal["amount", "up_front", "term"]
AgeBand = Literal["under 30", "30-39", "40-49", "50-59", "60 and over"]
Contract = Literal["Cash loans", "Revolving loans"]
ReviewState = Literal["none", "open", "reviewed"]
MOST_FIELDS = 100
Row = dict[str, object]
# A list of other things than rows is refused at the first of them, not with an error for each.
Rows = Annotated[list[Row], FailFast(), Field(max_length=MOST_ROWS)]


class Model(BaseModel):
    """Base of the models: immutable, unknown fields are invalid."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(Model):
    """Base of what clients send: an object of few fields, since each unknown one would be an error of its own."""

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, given: object) -> object:
        if isinstance(given, dict) and len(given) > MOST_FIELDS:
            raise PydanticCustomError("fields", "At most {most} fields are accepted", {"most": MOST_FIELDS})
        return given


class Text(Model):
    """One text in both languages of the platform."""

    en: str
    fr: str


class Health(Model):
    """Answer of ``GET /health``."""

    status: Literal["healthy", "unhealthy"]
    model_loaded: bool
    version: str


class PredictionRequest(Body):
    """One applicant's raw rows, in the original column names; every history may be left out."""

    application: Row
    bureau: Rows = Field(default_factory=list)
    bureau_balance: Rows = Field(default_factory=list)
    previous_application: Rows = Field(default_factory=list)
    POS_CASH_balance: Rows = Field(default_factory=list)
    installments_payments: Rows = Field(default_factory=list)
    credit_card_balance: Rows = Field(default_factory=list)


class BatchRequest(Body):
    """Several applicants, each a :class:`PredictionRequest` validated by itself."""

    bundles: list[object] = Field(min_length=1, max_length=1000)


class SimulationRequest(Body):
    """Columns of the application to replace before deciding; the decision is marked as a simulation."""

    application: Row = Field(default_factory=dict)


class ReviewRequest(Body):
    """The decision of a human reviewer, with the reason for it."""

    reviewer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    decision: Literal["approved", "declined"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000)]


class Reason(Model):
    """One reason code of a decision.

    ``contribution`` is in log-odds of default: a positive one raises the risk. ``feature``
    is the feature of that reason which contributed most, ``value`` its value. ``label`` and ``unit`` are those of the
    feature, missing where this release has no such feature.
    """

    code: str
    feature: str
    label: Text | None = None
    unit: str | None = None
    value: float | int | str | None
    contribution: float
    text: Text


class Assessment(Model):
    """The outcome of the model and the policy for one applicant; once recorded it is a decision.

    ``review_band`` holds the probabilities that are referred, the upper one not included; ``None`` where none are.
    ``expected_cost`` is the expected cost of the decision in the unit of the cost settings (with their defaults: good
    applicants declined); it and ``policy_version`` are missing in decisions recorded without them.
    """

    SK_ID_CURR: int
    probability_of_default: float = Field(ge=0, le=1)
    cut_off: float = Field(ge=0, le=1)
    review_band: tuple[float, float] | None = None
    decision: DecisionKind
    score: int
    grade: str
    reasons: list[Reason]
    warnings: list[str] = Field(default_factory=list)
    expected_cost: float | None = None
    model_version: str
    policy_version: str | None = None
    simulation: bool = False


class Scale(Model):
    """What scores and grades mean.

    A score is ``base_points`` at odds of ``base_odds`` good applicants to one default, and ``points_to_double_odds``
    more whenever the odds double. ``grades`` holds the upper bound of the probability of default of each grade, which
    is not included.
    """

    base_points: float = BASE_POINTS
    base_odds: float = BASE_ODDS
    points_to_double_odds: float = POINTS_TO_DOUBLE_ODDS
    grades: dict[str, float] = Field(default_factory=lambda: dict(GRADES))


SCALE = Scale()


class Decision(Assessment):
    """An assessment that was recorded in the ledger."""

    scale: Scale = SCALE
    decision_id: str
    recorded_at: datetime


class LoanChange(Model):
    """One figure of the loan: the value asked for and the value needed.

    ``field`` is a column of the application, or "term": the months that credit and annuity imply.
    """

    field: str
    unit: Literal["currency", "months"]
    old: float
    new: float


class TotalCost(Model):
    """All payments of a loan, in the currency of the tables: of the loan asked for and of the other one.

    ``change`` is the difference as a share of the former.
    """

    old: float
    new: float
    change: float


class RecourseOption(Model):
    """Another loan, assessed again with every feature recomputed; ``decision`` is its outcome.

    ``cost`` is the size of the change, 0 for the present loan and 1 for no loan. A loan is ``robust`` where a slightly
    smaller amount is approved as well. ``total`` is missing where the term is not known.
    """

    levers: list[Lever]
    changes: list[LoanChange]
    cost: float
    robust: bool
    total: TotalCost | None = None
    probability_of_default: float = Field(ge=0, le=1)
    decision: DecisionKind
    score: int
    grade: str
    text: Text


class Recourse(Model):
    """The loans that the applicant would have been approved with, smallest change first; ``options`` may be empty."""

    SK_ID_CURR: int
    probability_of_default: float = Field(ge=0, le=1)
    decision: DecisionKind
    options: list[RecourseOption]
    loans_tried: int
    text: Text
    assumptions: Text
    model_version: str


class FieldError(Model):
    """One invalid field, by its path, and what is wrong with it."""

    field: str
    detail: str


class Problem(Model):
    """An RFC 9457 problem document.

    ``field`` names the first invalid field where there is one; ``errors`` has the first twenty of an applicant's rows.
    """

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    errors: list[FieldError] | None = None


class BatchItem(Model):
    """The outcome of one bundle of a batch: a decision, or the problem with that bundle."""

    index: int
    decision: Decision | None = None
    problem: Problem | None = None


class BatchResponse(Model):
    """Answer of ``POST /predict/batch``, in the order of the request."""

    results: list[BatchItem]


class Applicant(Model):
    """The rows that the platform holds of one applicant."""

    SK_ID_CURR: int
    bundle: PredictionRequest


class ApplicantQuery(Model):
    """Which known applicants to list; what is left out filters nothing."""

    after: int = Field(0, ge=0, le=2**63 - 1, description="only SK_ID_CURR above this")
    limit: int = Field(50, ge=1, le=1000)
    id_prefix: str = Field("", pattern="^[0-9]{0,19}$", description="first digits of SK_ID_CURR")
    age_band: AgeBand | None = None
    contract: Contract | None = None
    region: int | None = Field(None, ge=1, le=3, description="REGION_RATING_CLIENT")

    @property
    def filtered(self) -> bool:
        """Whether not every known applicant matches."""
        return bool(self.id_prefix) or any(
            value is not None for value in (self.age_band, self.contract, self.region)
        )


class ApplicantList(Model):
    """Some known applicants, lowest SK_ID_CURR first.

    ``total`` is how many match; where not all do, counting stops at 10,000.
    """

    applicants: list[int]
    total: int


class PolicyCosts(Model):
    """Costs of wrong decisions and of a review, in one unit of money, and the error rate of reviews."""

    false_negative: float
    false_positive: float
    review: float
    reviewer_error_rate: float


class ModelFacts(Model):
    """Answer of ``GET /model``: the model, and the policy that decides on its probabilities."""

    model_version: str
    trained_at: datetime
    features: int
    cut_off: float
    review_band: tuple[float, float] | None
    costs: PolicyCosts | None = None
    policy_version: str | None = None
    metrics: dict[str, float]
    training_data: dict[str, object]


class Review(Model):
    """A human review as recorded."""

    decision_id: str
    reviewer: str
    decision: Literal["approved", "declined"]
    reason: str
    recorded_at: datetime


class DecisionRecord(Model):
    """A decision as read back from the ledger, with its rows and its reviews."""

    decision: Decision
    bundle: PredictionRequest
    reviews: list[Review]


class DecisionQuery(Model):
    """Which recorded decisions to list, the newest first; what is left out filters nothing."""

    applicant: int | None = Field(None, ge=-(2**63), le=2**63 - 1, description="SK_ID_CURR")
    since: AwareDatetime | None = Field(None, alias="from", description="recorded at this time or later")
    until: AwareDatetime | None = Field(None, alias="to", description="recorded before this time")
    decision: DecisionKind | None = None
    grade: str | None = Field(None, pattern="^[A-Z]$")
    review: ReviewState | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(
        None, pattern="^[0-9]{1,17}-[0-9]{1,18}$", description="`next` of the page before"
    )

    model_config = ConfigDict(populate_by_name=True)


class DecisionSummary(Model):
    """A recorded decision in a list; ``review`` is "open" for a referral that nobody has reviewed yet."""

    decision_id: str
    SK_ID_CURR: int
    recorded_at: datetime
    decision: DecisionKind
    grade: str
    score: int
    probability_of_default: float
    simulation: bool
    model_version: str
    review: ReviewState


class DecisionList(Model):
    """A page of decisions, the newest first; ``next`` is the cursor of the page after it, if there is one."""

    decisions: list[DecisionSummary]
    next: str | None = None


class Replay(Model):
    """A decision computed again from its record; ``identical`` compares every bit of it."""

    decision_id: str
    identical: bool
    recorded: Assessment
    recomputed: Assessment
    differences: list[str]
