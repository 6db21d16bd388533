"""Recourse in words, in English and French."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from home_credit.schemas import LANGUAGES, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.decisioning.recourse.loans import Alternative, Loan
    from home_credit.policy import DecisionKind
    from home_credit.schemas import Language

THOUSANDS: Mapping[Language, str] = {"en": ",", "fr": "\u202f"}


def summary(decision: DecisionKind, *, found: bool) -> Text:
    """Return what is to be said of the search as a whole."""
    return Text(**_entries()["approved" if decision == "approved" else "found" if found else "none"])


def option(loan: Loan, other: Alternative) -> Text:
    """Return what the applicant would have to do, and the loan that comes of it."""
    return Text(**{language: _sentence(loan, other, language) for language in LANGUAGES})


def _sentence(loan: Loan, other: Alternative, language: Language) -> str:
    def money(amount: float | None) -> str:
        return f"{amount or 0.0:,.0f}".replace(",", THOUSANDS[language])

    outcome = "outcome_without_annuity" if other.annuity is None else "outcome"
    *first, last = (_entries()[lever][language] for lever in other.place.levers)
    pattern = f"{', '.join(first)}{_entries()['and'][language]}{last}" if first else last
    sentence = f"{pattern[:1].upper()}{pattern[1:]}{' :' if language == 'fr' else ':'} {_entries()[outcome][language]}."
    return sentence.format(
        amount=money(other.credit if other.price is None else other.price),
        old_amount=money(loan.amount),
        paid=money(other.paid),
        term=other.term,
        old_term=loan.term,
        credit=money(other.credit),
        annuity=money(other.annuity),
    )


@cache
def _entries() -> dict[str, dict[str, str]]:
    text = files("home_credit.decisioning.recourse").joinpath("texts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
