"""Recourse in words, in English and French."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from home_credit.languages import LANGUAGES
from home_credit.schemas import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.decisioning.recourse.loans import Loan, Loans
    from home_credit.languages import Language
    from home_credit.policy import DecisionKind
    from home_credit.schemas import TotalCost

THOUSANDS: Mapping[Language, str] = {"en": ",", "fr": "\u202f"}


def summary(decision: DecisionKind, *, found: bool) -> Text:
    """Return the summary of the search."""
    return Text(**_entries()["approved" if decision == "approved" else "found" if found else "none"])


def assumptions(loan: Loan) -> Text:
    """Return the assumptions about the lender and the applicant."""
    return Text(**_entries()["assumes" if loan.months else "assumes_without_term"])


def option(loan: Loan, loans: Loans, row: int, total: TotalCost | None) -> Text:
    """Return what the applicant would have to change, the resulting loan and its total cost."""
    return Text(**{language: _sentence(loan, loans, row, total, language) for language in LANGUAGES})


def _sentence(loan: Loan, loans: Loans, row: int, total: TotalCost | None, language: Language) -> str:
    def money(amount: float) -> str:
        return f"{0.0 if np.isnan(amount) else amount:,.0f}".replace(",", THOUSANDS[language])

    def words(name: str) -> str:
        return _entries()[name][language]

    *first, last = (words(lever) for lever in loans.levers(row))
    pattern = f"{', '.join(first)}{words('and')}{last}" if first else last
    outcome = words("outcome_without_instalment" if np.isnan(loans.annuity[row]) else "outcome")
    pattern = f"{pattern[:1].upper()}{pattern[1:]}{words('colon')}{outcome}."
    price = float(loans.price[row])
    if total is not None:
        pattern += f" {words('total')}"
    return pattern.format(
        amount=money(float(loans.credit[row]) if np.isnan(price) else price),
        old_amount=money(loan.amount),
        paid=money(float(loans.paid[row])),
        term=int(loans.months[row]),
        old_term=loan.months,
        credit=money(float(loans.credit[row])),
        annuity=money(float(loans.annuity[row])),
        total=money(total.new if total else np.nan),
        old_total=money(total.old if total else np.nan),
        change=_percent(total.change if total else 0.0, language),
    )


def _percent(share: float, language: Language) -> str:
    text = f"{100 * share:+.1f}".replace("-", "−")
    return f"{text.replace('.', ',')}\u00a0%" if language == "fr" else f"{text}\u00a0%"


@cache
def _entries() -> dict[str, dict[str, str]]:
    text = files("home_credit.decisioning.recourse").joinpath("texts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
