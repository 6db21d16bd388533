"""Loans month by month and instalment by instalment.

Loans follow the terms of the previous application that opened them; how late an applicant pays is one
latent number, shared by all the applicant's loans and cards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from home_credit.synthetic.balances import (
    IDS,
    MONTH,
    category,
    days_past_due,
    in_schema,
    numbers,
    repeat_rows,
    to_cents,
)
from home_credit.synthetic.chain import normal_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.synthetic.chain import Floats
    from home_credit.synthetic.statistics import InstallmentStatistics, LoanStatistics

DUE_EVERY = 30  # days


def loans_of(previous: pl.DataFrame, late: Floats) -> pl.DataFrame:
    """Return the approved loans that have a first due date, with their applicant's lateness as ``LATE``."""
    loans = previous.with_columns(LATE=pl.Series(late))
    return loans.filter(pl.col("DAYS_FIRST_DUE") < 0, pl.col("CNT_PAYMENT") > 0)


def pos_cash(loans: pl.DataFrame, statistics: LoanStatistics, random: np.random.Generator) -> pl.DataFrame:
    """Return the monthly balances of loans, from the month after they were granted until they ended."""
    loans = loans.filter(pl.Series(random.random(len(loans)) < statistics["reported"]))
    count = len(loans)
    first = np.floor(numbers(loans, "DAYS_DECISION") / MONTH) + (random.random(count) < 0.5)
    first = np.minimum(first, -1)
    end = numbers(loans, "DAYS_TERMINATION")
    ended = end < 0
    last = np.where(ended, np.floor(end / MONTH) + (random.random(count) < 0.45), -1)
    last = np.clip(last, first, -1)
    cut = random.random(count) < statistics["stops"]
    last = np.where(cut, np.floor(first + random.random(count) * (last - first + 1)), last)
    term = numbers(loans, "CNT_PAYMENT")
    owner, step = repeat_rows((last - first + 1).astype(np.int64))
    month = first[owner] + step
    final = ended[owner] & ~cut[owner] & (month == last[owner])
    signed = (step == 0) & (random.random(count) < statistics["signed"])[owner]
    past, strict = days_past_due(numbers(loans, "LATE")[owner], statistics["overdue"], random)
    status = np.where(final, 1, np.where(signed, 2, 0))
    future = np.where(final, 0, np.maximum(term[owner] - np.maximum(step - 1, 0), 0))
    return in_schema(
        "POS_CASH_balance",
        {
            **{name: loans[name].to_numpy()[owner] for name in IDS},
            "MONTHS_BALANCE": month,
            "CNT_INSTALMENT": np.where(final, np.minimum(term[owner], np.maximum(step, 1)), term[owner]),
            "CNT_INSTALMENT_FUTURE": future,
            "NAME_CONTRACT_STATUS": category(("Active", "Completed", "Signed"), status),
            "SK_DPD": np.where(signed, 0, past),
            "SK_DPD_DEF": np.where(signed, 0, strict),
        },
    )


def installments(
    loans: pl.DataFrame, cards: pl.DataFrame, statistics: InstallmentStatistics, random: np.random.Generator
) -> pl.DataFrame:
    """Return what was due and what was paid: on loans, and on the cards whose months are in ``cards``."""
    count = len(loans)
    first, annuity = numbers(loans, "DAYS_FIRST_DUE"), numbers(loans, "AMT_ANNUITY")
    term = numbers(loans, "CNT_PAYMENT")
    last = numbers(loans, "DAYS_LAST_DUE")
    closing = np.where(last < 0, last, -1)
    paid = np.clip(np.floor((closing - first) / DUE_EVERY) + 1, 0, term).astype(np.int64)
    owner, step = repeat_rows(paid)
    due = first[owner] + DUE_EVERY * step
    early = (last < 0) & (paid < term)
    final = early[owner] & (step == paid[owner] - 1)
    amount = np.where(final, annuity[owner] * (1 + 0.9 * (term[owner] - paid[owner])), annuity[owner])
    version = 1.0 + final + (random.random(count) < statistics["revised"])[owner] * (step > 2)
    loan = {
        **{name: loans[name].to_numpy()[owner] for name in IDS},
        "version": version, "number": step + 1, "due": due, "amount": amount,
        "late": numbers(loans, "LATE")[owner], "kind": np.zeros(len(owner)),
    }  # fmt: skip
    card = _card_payments(
        cards.filter(pl.col("AMT_PAYMENT_TOTAL_CURRENT") > 0), statistics["card_parts"], random
    )
    rows = {name: np.concatenate([loan[name], card[name]]) for name in loan}
    size = len(rows["due"])
    load = statistics["loading"]
    strain = load * rows["late"] + np.sqrt(1 - load**2) * random.standard_normal(size)
    share = normal_share(strain)
    delay = np.where(
        rows["kind"] == 0,
        np.interp(share, statistics["at"], statistics["loan_delay"]),
        np.interp(share, statistics["at"], statistics["card_delay"]),
    )
    entry = np.minimum(rows["due"] + np.round(delay), -1)
    split = (random.random(size) < statistics["split"] * (0.5 + normal_share(rows["late"]))) & (
        rows["kind"] == 0
    )
    part = np.where(split, 0.05 + 0.9 * random.random(size), 1.0)
    again = np.flatnonzero(split)
    at = np.concatenate([np.arange(size), again])
    payment = np.concatenate([rows["amount"] * part, (rows["amount"] * (1 - part))[again]])
    entries = np.concatenate([entry, np.minimum(entry[again] + np.floor(12 * random.random(len(again))), -1)])
    order = np.lexsort((np.arange(len(at)), rows["due"][at], rows["SK_ID_PREV"][at], rows["SK_ID_CURR"][at]))
    at, payment, entries = at[order], payment[order], entries[order]
    return in_schema(
        "installments_payments",
        {
            **{name: rows[name][at] for name in IDS},
            "NUM_INSTALMENT_VERSION": rows["version"][at],
            "NUM_INSTALMENT_NUMBER": rows["number"][at],
            "DAYS_INSTALMENT": rows["due"][at],
            "DAYS_ENTRY_PAYMENT": entries,
            "AMT_INSTALMENT": to_cents(rows["amount"][at]),
            "AMT_PAYMENT": to_cents(payment),
        },
    )


def _card_payments(
    paid: pl.DataFrame, more_parts: float, random: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Return the payments on cards, as many a month as one and ``more_parts`` on average."""
    owner, step = repeat_rows(1 + random.poisson(more_parts, len(paid)))
    weight = 0.1 + random.random(len(owner))
    share = weight / np.bincount(owner, weight, minlength=len(paid))[owner]
    return {
        **{name: paid[name].to_numpy()[owner] for name in IDS},
        "version": np.zeros(len(owner)),
        "number": numbers(paid, "CNT_INSTALMENT_MATURE_CUM")[owner] + 1 + step,
        "due": np.ceil(numbers(paid, "MONTHS_BALANCE") * MONTH)[owner] - 1,
        "amount": numbers(paid, "AMT_PAYMENT_TOTAL_CURRENT")[owner] * share,
        "late": numbers(paid, "LATE")[owner],
        "kind": np.ones(len(owner)),
    }
