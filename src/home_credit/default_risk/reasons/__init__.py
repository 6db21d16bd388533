"""Reasons: the contributions to one applicant's probability of default, by reason code, in words."""

from home_credit.default_risk.reasons.codes import ReasonCode, code_of, reason_codes
from home_credit.default_risk.reasons.effects import MAX_REASONS, Effect, effects, leading_codes, reportable
from home_credit.default_risk.reasons.words import text

__all__ = [
    "MAX_REASONS",
    "Effect",
    "ReasonCode",
    "code_of",
    "effects",
    "leading_codes",
    "reason_codes",
    "reportable",
    "text",
]
