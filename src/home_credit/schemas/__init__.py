"""Requests and responses of the API; the dashboard and the smoke checks use the same models."""

from home_credit.schemas.applicants import (
    AgeBand,
    Applicant,
    ApplicantList,
    ApplicantQuery,
    Contract,
    Grade,
    IncomeType,
)
from home_credit.schemas.base import Body, Model, Row, Text
from home_credit.schemas.decisions import SCALE, Assessment, Decision, Reason, Replay, Scale
from home_credit.schemas.operations import AccessMode, Health, ModelFacts, PolicyCosts
from home_credit.schemas.problems import BatchItem, BatchResponse, FieldError, Problem
from home_credit.schemas.records import (
    DecisionList,
    DecisionQuery,
    DecisionRecord,
    DecisionSummary,
    Review,
    ReviewCount,
    ReviewState,
    ReviewStatistics,
)
from home_credit.schemas.recourse import Lever, LoanChange, Recourse, RecourseOption, TotalCost
from home_credit.schemas.requests import (
    BatchRequest,
    PredictionRequest,
    ReasonCode,
    ReviewedAs,
    ReviewRequest,
    SimulationRequest,
)

__all__ = [
    "SCALE",
    "AccessMode",
    "AgeBand",
    "Applicant",
    "ApplicantList",
    "ApplicantQuery",
    "Assessment",
    "BatchItem",
    "BatchRequest",
    "BatchResponse",
    "Body",
    "Contract",
    "Decision",
    "DecisionList",
    "DecisionQuery",
    "DecisionRecord",
    "DecisionSummary",
    "FieldError",
    "Grade",
    "Health",
    "IncomeType",
    "Lever",
    "LoanChange",
    "Model",
    "ModelFacts",
    "PolicyCosts",
    "PredictionRequest",
    "Problem",
    "Reason",
    "ReasonCode",
    "Recourse",
    "RecourseOption",
    "Replay",
    "Review",
    "ReviewCount",
    "ReviewRequest",
    "ReviewState",
    "ReviewStatistics",
    "ReviewedAs",
    "Row",
    "Scale",
    "SimulationRequest",
    "Text",
    "TotalCost",
]
