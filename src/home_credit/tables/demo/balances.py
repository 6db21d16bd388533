"""Made-up monthly balances and instalments of the earlier credits that were granted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.demo.draws import DAYS_PER_MONTH, counted, mixed, months_ago
from home_credit.tables.demo.previous import REVOLVING, SENTINEL_DAYS
from home_credit.tables.demo.statistics import statistics, uniform
from home_credit.tables.schema import ID, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.tables.demo.applicants import Applicants

LONGEST_RECORD = 96
LATE_SHARE, SERIOUS_SHARE = 0.085, 0.012


@dataclass(frozen=True, slots=True)
class Credits:
    """Granted credits of a block: their rows and the place of their applicant."""

    rows: pl.DataFrame
    owner: NDArray[np.int64]

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Credits:
        """Take the owners from the column of that name."""
        return cls(rows, rows["owner"].to_numpy())


def granted_loans(previous: pl.DataFrame) -> Credits:
    """Return the granted cash and consumer loans that have begun."""
    return Credits.of(
        previous.filter(
            pl.col("DAYS_FIRST_DUE").is_not_null()
            & (pl.col("DAYS_FIRST_DUE") < 0)
            & (pl.col("NAME_CONTRACT_TYPE") != REVOLVING)
            & (pl.col("AMT_ANNUITY") > 0)
        )
    )


def granted_cards(previous: pl.DataFrame) -> Credits:
    """Return the granted cards."""
    return Credits.of(
        previous.filter(
            (pl.col("NAME_CONTRACT_STATUS") == "Approved") & (pl.col("NAME_CONTRACT_TYPE") == REVOLVING)
        )
    )


def _last_instalment(loans: Credits) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return how many instalments of each loan have fallen due, and whether the loan is over."""
    first = loans.rows["DAYS_FIRST_DUE"].to_numpy()
    last = loans.rows["DAYS_LAST_DUE"].fill_null(SENTINEL_DAYS).to_numpy()
    over = last < SENTINEL_DAYS
    until = np.where(over, last, -1.0)
    due = np.floor((until - first) / 30.0).astype(np.int64) + 1
    return np.clip(due, 1, loans.rows["CNT_PAYMENT"].to_numpy().astype(np.int64)), over


def pos_cash_table(generator: np.random.Generator, applicants: Applicants, loans: Credits) -> pl.DataFrame:
    """Return the monthly balances of loans, from signing to completion or the last month."""
    due, over = _last_instalment(loans)
    months = np.minimum(due + over, LONGEST_RECORD)
    loan, k = counted(months)
    term = loans.rows["CNT_PAYMENT"].to_numpy()
    start = months_ago(loans.rows["DAYS_DECISION"])
    balance = k - start[loan]
    completed = over[loan] & (k == months[loan] - 1)
    lateness = mixed(generator, applicants.latent["POS_LATE"][loans.owner], 0.75)[loan]
    trouble = uniform(0.85 * lateness + np.sqrt(1 - 0.85**2) * generator.standard_normal(len(loan)))
    days = np.where(trouble > 1.0 - 0.03, np.round(generator.exponential(18.0, len(loan))) + 1.0, 0.0)
    days[completed] = 0.0
    serious = np.where(trouble > 1.0 - SERIOUS_SHARE, np.round(days * 0.5), 0.0)
    status = np.where(
        completed, "Completed", np.where((k == 0) & (generator.random(len(k)) < 0.08), "Signed", "Active")
    )
    left = np.where(completed, 0.0, np.maximum(term[loan] - k, 0.0))
    kept = balance <= -1
    return pl.DataFrame(
        {
            "SK_ID_PREV": loans.rows["SK_ID_PREV"].to_numpy()[loan][kept],
            ID: loans.rows[ID].to_numpy()[loan][kept],
            "MONTHS_BALANCE": np.maximum(balance, -LONGEST_RECORD)[kept],
            "CNT_INSTALMENT": np.where(completed, np.minimum(term[loan], np.maximum(k, 1)), term[loan])[kept],
            "CNT_INSTALMENT_FUTURE": left[kept],
            "NAME_CONTRACT_STATUS": status[kept],
            "SK_DPD": days.astype(np.int64)[kept],
            "SK_DPD_DEF": serious.astype(np.int64)[kept],
        },
        schema=dict(table("POS_CASH_balance").schema),
        strict=False,
    )


def installments_table(
    generator: np.random.Generator, applicants: Applicants, loans: Credits, cards: pl.DataFrame
) -> pl.DataFrame:
    """Return the instalments of loans and the payments on cards; some are late, some paid in parts."""
    due, _ = _last_instalment(loans)
    loan, k = counted(due)
    due_day = loans.rows["DAYS_FIRST_DUE"].to_numpy()[loan] + 30.0 * k
    paid_day = due_day + _delay(generator, applicants, loans.owner[loan])
    annuity = loans.rows["AMT_ANNUITY"].to_numpy()[loan]
    early = loans.rows["DAYS_LAST_DUE"].fill_null(SENTINEL_DAYS).to_numpy() < SENTINEL_DAYS
    final = early[loan] & (k == due[loan] - 1)
    left = np.maximum(loans.rows["CNT_PAYMENT"].to_numpy()[loan] - k, 1.0)
    amount = np.round(np.where(final, annuity * (1.0 + 0.9 * (left - 1.0)), annuity), 2)
    parts = generator.random(len(loan)) < np.where(paid_day > due_day, 0.18, 0.015)
    share = np.where(parts, generator.random(len(loan)), 1.0)
    paid = np.round(amount * share, 2)
    rest_paid = parts & (generator.random(len(loan)) < 0.9)
    number = k + 1
    version = np.where(final & (number < loans.rows["CNT_PAYMENT"].to_numpy()[loan]), 2.0, 1.0)
    frame = {
        "SK_ID_PREV": loans.rows["SK_ID_PREV"].to_numpy()[loan],
        ID: loans.rows[ID].to_numpy()[loan],
        "NUM_INSTALMENT_VERSION": version,
        "NUM_INSTALMENT_NUMBER": number,
        "DAYS_INSTALMENT": due_day,
        "DAYS_ENTRY_PAYMENT": np.minimum(paid_day, -1.0),
        "AMT_INSTALMENT": amount,
        "AMT_PAYMENT": paid,
    }
    schema = dict(table("installments_payments").schema)
    first = pl.DataFrame(frame, schema=schema, strict=False).filter(pl.Series(due_day < 0))
    rest = (
        pl.DataFrame(frame, schema=schema, strict=False)
        .with_columns(
            (pl.col("AMT_INSTALMENT") - pl.col("AMT_PAYMENT")).round(2).alias("AMT_PAYMENT"),
            pl.min_horizontal(
                pl.col("DAYS_ENTRY_PAYMENT")
                + pl.Series(np.round(generator.exponential(6.0, len(loan))) + 1.0),
                pl.lit(-1.0),
            ).alias("DAYS_ENTRY_PAYMENT"),
        )
        .filter(pl.Series(rest_paid & (due_day < 0)))
    )
    return pl.concat([first, rest, _card_payments(generator, applicants, cards, schema)])


def _delay(
    generator: np.random.Generator, applicants: Applicants, owner: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return days between due and paid: mostly ahead, by habit; late in a few cases, by trait."""
    habit = uniform(applicants.latent["PAY_EARLY"])[owner]
    ahead = np.round(generator.exponential(1.0, len(owner)) * (2.0 + 16.0 * habit))
    trouble = uniform(
        0.8 * applicants.latent["PAY_LATE"][owner] + 0.6 * generator.standard_normal(len(owner))
    )
    late = np.round(generator.exponential(9.0, len(owner))) + 1.0
    return np.where(trouble > 1.0 - LATE_SHARE, late, -ahead)


def _card_payments(
    generator: np.random.Generator,
    applicants: Applicants,
    cards: pl.DataFrame,
    schema: dict[str, pl.DataType],
) -> pl.DataFrame:
    paid = cards.filter(pl.col("AMT_INST_MIN_REGULARITY") > 0)
    owner = np.searchsorted(applicants.ids, paid[ID].to_numpy())
    day = np.round(paid["MONTHS_BALANCE"].to_numpy() * DAYS_PER_MONTH) - 10.0
    return pl.DataFrame(
        {
            "SK_ID_PREV": paid["SK_ID_PREV"],
            ID: paid[ID],
            "NUM_INSTALMENT_VERSION": np.zeros(len(paid)),
            "NUM_INSTALMENT_NUMBER": paid["CNT_INSTALMENT_MATURE_CUM"].cast(pl.Int64) + 1,
            "DAYS_INSTALMENT": day,
            "DAYS_ENTRY_PAYMENT": np.minimum(day + _delay(generator, applicants, owner), -1.0),
            "AMT_INSTALMENT": paid["AMT_INST_MIN_REGULARITY"],
            "AMT_PAYMENT": paid["AMT_PAYMENT_TOTAL_CURRENT"],
        },
        schema=schema,
        strict=False,
    )


def credit_card_table(generator: np.random.Generator, applicants: Applicants, cards: Credits) -> pl.DataFrame:
    """Return the monthly balances of cards from the grant to the last month."""
    months = np.clip(months_ago(cards.rows["DAYS_DECISION"]), 1, LONGEST_RECORD)
    card, k = counted(months)
    rows = len(card)
    marginal = statistics().rows["card"]["all"]["AMT_CREDIT_LIMIT_ACTUAL"]
    limit = np.maximum(marginal.at(generator.random(len(months))), 45000.0)[card]
    habit = statistics().history["CARD_USE"].at(uniform(applicants.latent["CARD_USE"][cards.owner]))
    used = np.clip(
        np.asarray(habit, dtype=np.float64)[card] + 0.15 * generator.standard_normal(rows), 0.0, 1.1
    )
    used[generator.random(rows) < 0.3] = 0.0
    balance = np.round(used * limit, 2)
    active = used > 0
    cash_habit = uniform(applicants.latent["CARD_CASH"][cards.owner])[card]
    draws = np.where(
        active & (generator.random(rows) < 0.35), 1.0 + np.floor(generator.exponential(1.5, rows)), 0.0
    )
    cash_draws = np.minimum(draws, np.floor(draws * cash_habit + generator.random(rows)))
    drawn = np.where(draws > 0, np.round(limit * 0.12 * generator.exponential(1.0, rows), 2), 0.0)
    cash = np.round(np.where(draws > 0, drawn * cash_draws / np.maximum(draws, 1.0), 0.0) / 450.0) * 450.0
    drawn = np.maximum(drawn, cash)
    minimum = np.where(active, np.round(balance * 0.05, 2), 0.0)
    trouble = uniform(
        0.8 * applicants.latent["PAY_LATE"][cards.owner][card] + 0.6 * generator.standard_normal(rows)
    )
    short = trouble > 1.0 - 0.06
    paid = np.where(
        active, np.round(np.where(short, 0.0, minimum * (1.0 + generator.exponential(1.0, rows))), 2), 0.0
    )
    late = np.where(short & active, np.round(generator.exponential(12.0, rows)) + 1.0, 0.0)
    frame = pl.DataFrame(
        {
            "SK_ID_PREV": cards.rows["SK_ID_PREV"].to_numpy()[card],
            ID: cards.rows[ID].to_numpy()[card],
            "MONTHS_BALANCE": -(months[card] - k),
            "AMT_BALANCE": balance,
            "AMT_CREDIT_LIMIT_ACTUAL": limit,
            "AMT_DRAWINGS_ATM_CURRENT": cash,
            "AMT_DRAWINGS_CURRENT": drawn,
            "AMT_DRAWINGS_OTHER_CURRENT": np.zeros(rows),
            "AMT_DRAWINGS_POS_CURRENT": np.round(drawn - cash, 2),
            "AMT_INST_MIN_REGULARITY": minimum,
            "AMT_PAYMENT_CURRENT": paid,
            "AMT_PAYMENT_TOTAL_CURRENT": paid,
            "AMT_RECEIVABLE_PRINCIPAL": np.round(balance * 0.96, 2),
            "AMT_RECIVABLE": balance,
            "AMT_TOTAL_RECEIVABLE": balance,
            "CNT_DRAWINGS_ATM_CURRENT": cash_draws,
            "CNT_DRAWINGS_CURRENT": draws,
            "CNT_DRAWINGS_OTHER_CURRENT": np.zeros(rows),
            "CNT_DRAWINGS_POS_CURRENT": draws - cash_draws,
            "CNT_INSTALMENT_MATURE_CUM": np.minimum(k, 119).astype(np.float64),
            "NAME_CONTRACT_STATUS": np.full(rows, "Active"),
            "SK_DPD": late,
            "SK_DPD_DEF": np.where(trouble > 1.0 - 0.01, late, 0.0),
        },
        schema=dict(table("credit_card_balance").schema),
        strict=False,
    )
    # The bank's records leave the drawings of a fifth of the months empty.
    unknown = pl.Series(generator.random(rows) < 0.21)
    empty = ("ATM", "OTHER", "POS")
    columns = [f"AMT_DRAWINGS_{name}_CURRENT" for name in empty] + [
        f"CNT_DRAWINGS_{name}_CURRENT" for name in empty
    ]
    return frame.with_columns(pl.when(unknown).then(None).otherwise(pl.col(columns)).name.keep())
