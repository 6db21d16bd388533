"""The columns that the model of the term adds to an application, for features and recourse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.terms.model import TermModel

MONTHS, RATE, SURE = COLUMNS = ("TERM_MONTHS", "TERM_RATE", "TERM_SURE")
# The columns of the application from which they are computed.
SOURCES = ("NAME_CONTRACT_TYPE", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
CASH_LOANS = "Cash loans"


def term_columns(model: TermModel, application: Mapping[str, float | str | None]) -> dict[str, float | None]:
    """Return :data:`COLUMNS` of one application: months, nominal yearly rate, and whether they are sure (1.0, 0.0).

    All are missing for a revolving loan, which has no term, and where the model finds no term.
    """
    kind, *amounts = (application.get(name) for name in SOURCES)
    numbers = (None if isinstance(amount, str) else amount for amount in amounts)
    term = model.term(*numbers) if kind == CASH_LOANS else None
    if term is None:
        return dict.fromkeys(COLUMNS)
    return {MONTHS: float(term.months), RATE: term.yearly_rate, SURE: float(term.sure)}
