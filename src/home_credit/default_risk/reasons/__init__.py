"""Reasons: the contributions to one applicant's probability of default, by reason code, in words."""

from home_credit.default_risk.reasons.codes import ReasonCode, ValueOf, code_of, reason_codes
from home_credit.default_risk.reasons.effects import (
    GIVEN_EACH_WAY,
    MAX_REASONS,
    Effect,
    effects,
    given,
    leading_codes,
    reportable,
)
from home_credit.default_risk.reasons.labels import label
from home_credit.default_risk.reasons.words import text

__all__ = [
    "GIVEN_EACH_WAY",
    "MAX_REASONS",
    "Effect",
    "ReasonCode",
    "ValueOf",
    "code_of",
    "effects",
    "given",
    "label",
    "leading_codes",
    "reason_codes",
    "reportable",
    "text",
]
