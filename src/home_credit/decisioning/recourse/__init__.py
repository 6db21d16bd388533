"""Recourse: the smallest changes of the loan asked for with which the same applicant would have been approved.

Only the loan changes: its amount, the share of the insurance paid up front, its term, and the instalment that
follows from them.
"""

from home_credit.decisioning.recourse.answer import Assessor, find

__all__ = ["Assessor", "find"]
