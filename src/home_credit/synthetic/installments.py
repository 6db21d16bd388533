"""Due dates, amounts and payments of instalments."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from home_credit.synthetic.balances import IDS, in_schema, numbers, repeat_rows, to_cents
from home_credit.synthetic.chain import normal_share
from home_credit.synthetic.days import MONTH
from home_credit.synthetic.loans import implied_rate, outstanding
from home_credit.synthetic.previous.dates import DUE_EVERY

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Codes, Floats
    from home_credit.synthetic.statistics import InstallmentStatistics

LOAN, CARD = 0, 1
MOST_DAYS_APART = 12  # of two payments of one instalment


class _Due(NamedTuple):
    """Amounts due, one element per instalment: its credit, the first day of payment, and the payer."""

    previous: Codes
    applicant: Codes
    granted: Floats
    version: Floats
    number: Floats
    due: Floats
    amount: Floats
    late: Floats
    kind: Codes


def installments(
    loans: pl.DataFrame, cards: pl.DataFrame, statistics: InstallmentStatistics, random: np.random.Generator
) -> pl.DataFrame:
    """Return instalments and payments of ``loans`` (see :func:`~home_credit.synthetic.loans.loans_of`) and cards.

    ``cards`` are monthly balances of cards with their owner's ``LATE`` and the day ``GRANTED``.
    """
    of_loans = _due_on_loans(loans, statistics["revised"], random)
    paid = cards.filter(pl.col("AMT_PAYMENT_TOTAL_CURRENT") > 0)
    of_cards = _paid_on_cards(paid, statistics["card_parts"], random)
    due = _Due(*(np.concatenate(pair) for pair in zip(of_loans, of_cards, strict=True)))
    size = len(due.due)
    entry = _entries(due, statistics, random)
    often = statistics["split"] * (0.5 + normal_share(due.late))
    split = (random.random(size) < often) & (due.kind == LOAN)
    part = np.where(split, 0.05 + 0.9 * random.random(size), 1.0)
    again = np.flatnonzero(split)
    at = np.concatenate([np.arange(size), again])
    amount = to_cents(due.amount)
    first = to_cents(amount * part)
    payment = np.concatenate([first, to_cents(amount - first)[again]])
    later = np.minimum(entry[again] + np.floor(MOST_DAYS_APART * random.random(len(again))), -1)
    entries = np.concatenate([entry, later])
    order = np.lexsort((np.arange(len(at)), due.due[at], due.previous[at], due.applicant[at]))
    at = at[order]
    return in_schema(
        "installments_payments",
        {
            **dict(zip(IDS, (due.previous[at], due.applicant[at]), strict=True)),
            "NUM_INSTALMENT_VERSION": due.version[at],
            "NUM_INSTALMENT_NUMBER": due.number[at],
            "DAYS_INSTALMENT": due.due[at],
            "DAYS_ENTRY_PAYMENT": entries[order],
            "AMT_INSTALMENT": amount[at],
            "AMT_PAYMENT": payment[order],
        },
    )


def _entries(due: _Due, statistics: InstallmentStatistics, random: np.random.Generator) -> Floats:
    """Return the days of payment: some days before or after an instalment is due, and after the grant."""
    loading = statistics["loading"]
    strain = loading * due.late + np.sqrt(1 - loading**2) * random.standard_normal(len(due.late))
    share = normal_share(strain)
    delay = np.where(
        due.kind == LOAN,
        np.interp(share, statistics["at"], statistics["loan_delay"]),
        np.interp(share, statistics["at"], statistics["card_delay"]),
    )
    return np.clip(due.due + np.round(delay), due.granted, -1)


def _due_on_loans(loans: pl.DataFrame, revised: float, random: np.random.Generator) -> _Due:
    """Return the instalments that were due up to yesterday; the last of an early ending repays the rest."""
    first, annuity, months, planned = (
        numbers(loans, name) for name in ("DAYS_FIRST_DUE", "AMT_ANNUITY", "CNT_PAYMENT", "PLANNED")
    )
    last = numbers(loans, "DAYS_LAST_DUE")
    closed = last < 0
    closing = np.where(closed, last, -1)
    count = np.clip(np.floor((closing - first) / DUE_EVERY) + 1, 0, months).astype(np.int64)
    owner, step = repeat_rows(count)
    rest = np.where(closed & (last < planned), months - count, 0)
    final = (rest[owner] > 0) & (step == count[owner] - 1)
    repaid = outstanding(annuity, implied_rate(numbers(loans, "AMT_CREDIT"), annuity, months), rest)
    changes = (random.random(len(loans)) < revised)[owner] & (step > 2)
    return _Due(
        loans["SK_ID_PREV"].to_numpy()[owner],
        loans["SK_ID_CURR"].to_numpy()[owner],
        numbers(loans, "DAYS_DECISION")[owner],
        1.0 + final + changes,
        (step + 1).astype(np.float64),
        first[owner] + DUE_EVERY * step,
        annuity[owner] + np.where(final, repaid[owner], 0.0),
        numbers(loans, "LATE")[owner],
        np.full(len(owner), LOAN),
    )


def _paid_on_cards(months: pl.DataFrame, more_parts: float, random: np.random.Generator) -> _Due:
    """Return the payments of months, 1 + ``more_parts`` on average in each, numbered by card."""
    owner, _ = repeat_rows(1 + random.poisson(more_parts, len(months)))
    weight = 0.1 + random.random(len(owner))
    share = weight / np.bincount(owner, weight, minlength=len(months))[owner]
    granted = numbers(months, "GRANTED")[owner]
    due = np.ceil(numbers(months, "MONTHS_BALANCE") * MONTH)[owner] - 1
    card = months["SK_ID_PREV"].to_numpy()[owner]
    order = np.lexsort((due, card))
    number = np.empty(len(owner))
    number[order] = 1.0 + np.arange(len(owner)) - np.searchsorted(card[order], card[order])
    return _Due(
        card,
        months["SK_ID_CURR"].to_numpy()[owner],
        granted,
        np.zeros(len(owner)),
        number,
        np.clip(due, granted, -1),
        numbers(months, "AMT_PAYMENT_TOTAL_CURRENT")[owner] * share,
        numbers(months, "LATE")[owner],
        np.full(len(owner), CARD),
    )
