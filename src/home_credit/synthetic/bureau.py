"""Credits at other lenders as chain variables, and back; and their monthly statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic.chain import ChainSchema, frame_of
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Chain, Context
    from home_credit.synthetic.statistics import BureauStatistics

MONTH = 30.44
ORDER = (
    "CREDIT_ACTIVE", "CREDIT_TYPE", "DAYS_CREDIT", "TERM", "AMT_CREDIT_SUM", "DEPARTURE", "UPDATE", "DEBT",
    "DEBT_SHARE", "AMT_CREDIT_SUM_LIMIT", "AMT_CREDIT_MAX_OVERDUE", "CREDIT_DAY_OVERDUE",
    "AMT_CREDIT_SUM_OVERDUE", "CNT_CREDIT_PROLONG", "AMT_ANNUITY", "CREDIT_CURRENCY",
)  # fmt: skip
STEPS: dict[str, float] = {
    "DEBT_SHARE": 0,
    "DAYS_CREDIT": 1, "TERM": 1, "DEPARTURE": 1, "UPDATE": 1, "CREDIT_DAY_OVERDUE": 1,
    "AMT_CREDIT_SUM": 4.5, "AMT_CREDIT_SUM_LIMIT": 0.045, "AMT_CREDIT_MAX_OVERDUE": 0.045,
    "AMT_CREDIT_SUM_OVERDUE": 0.045, "AMT_ANNUITY": 4.5,
}  # fmt: skip
SCHEMA = ChainSchema(ORDER, STEPS)
NO_DEBT, DEBT, NEGATIVE = 0, 1, 2


def encode(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the chain's variables of real credits.

    ``TERM`` is the planned length in days, ``DEPARTURE`` how long before or after the planned end a credit
    ended (since its start where no end was planned), ``UPDATE`` the age of the latest news (since the end
    of a closed credit).
    """
    debt, total = pl.col("AMT_CREDIT_SUM_DEBT"), pl.col("AMT_CREDIT_SUM")
    start, end, fact = pl.col("DAYS_CREDIT"), pl.col("DAYS_CREDIT_ENDDATE"), pl.col("DAYS_ENDDATE_FACT")
    return frame.with_columns(
        TERM=end - start,
        DEPARTURE=fact - pl.coalesce(end, start),
        UPDATE=pl.coalesce(fact, 0) - pl.col("DAYS_CREDIT_UPDATE"),
        DEBT=pl.when(debt > 0).then(DEBT).when(debt < 0).then(NEGATIVE).when(debt == 0).then(NO_DEBT),
        DEBT_SHARE=pl.when(debt > 0).then(debt / pl.max_horizontal(total, 1.0)),
    )


def decode(chain: Chain, drawn: Context) -> pl.DataFrame:
    """Return credits in their schema, but for the ids, made of what the chain drew."""
    total = pl.col("AMT_CREDIT_SUM")
    owed = (total * pl.col("DEBT_SHARE").clip(0, 1.5).fill_null(1) / 0.045).round() * 0.045
    schema = {name: dtype for name, dtype in table("bureau").schema.items() if not name.startswith("SK_ID")}
    start = pl.col("DAYS_CREDIT").clip(-2922, 0)
    return (
        frame_of(chain, drawn)
        .with_columns(DAYS_CREDIT=start)
        .with_columns(DAYS_CREDIT_ENDDATE=pl.col("DAYS_CREDIT") + pl.col("TERM"))
        .with_columns(
            DAYS_ENDDATE_FACT=(pl.coalesce("DAYS_CREDIT_ENDDATE", "DAYS_CREDIT") + pl.col("DEPARTURE")).clip(
                pl.col("DAYS_CREDIT"), pl.min_horizontal(pl.lit(-1), pl.col("DAYS_CREDIT") + 5000)
            ),
            AMT_CREDIT_SUM_DEBT=pl.when(pl.col("DEBT") == DEBT)
            .then(owed)
            .when(pl.col("DEBT") == NO_DEBT)
            .then(0.0)
            .when(pl.col("DEBT") == NEGATIVE)
            .then((total * -0.01).round(2)),
        )
        .with_columns(
            DAYS_CREDIT_UPDATE=(pl.coalesce("DAYS_ENDDATE_FACT", 0) - pl.col("UPDATE")).clip(
                pl.col("DAYS_CREDIT"), 0
            )
        )
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )


STATUSES = np.array(["0", "1", "2", "3", "4", "5", "X", "C"])
CLOSED = 7


def monthly(credit: pl.DataFrame, statistics: BureauStatistics, random: np.random.Generator) -> pl.DataFrame:
    """Return the monthly statuses of credits that are reported month by month.

    A credit's months run from its start to the present or to the month when reports stop; once it is closed
    its status is C; before, the status moves as a Markov chain between unknown (X), paid (0) and overdue.
    """
    count = len(credit)
    start = np.floor(credit["DAYS_CREDIT"].to_numpy() / MONTH).astype(int)
    first = np.minimum(start + (random.random(count) < statistics["next_month"]), 0)
    fact = credit["DAYS_ENDDATE_FACT"].cast(pl.Float64).to_numpy()
    closing = np.where(
        np.isnan(fact), 1, np.floor(np.nan_to_num(fact) / MONTH) + 1 + (random.random(count) < 0.15)
    )
    stops = random.random(count) < statistics["stops"]
    last = np.where(stops, first + np.floor(random.random(count) * (1 - first)), 0).astype(int)
    length = last - first + 1
    order = np.argsort(-length, kind="stable")
    alive = np.searchsorted(-length[order], -np.arange(length.max(initial=0)), side="left")
    transition = np.cumsum(np.array(statistics["transition"]), axis=1)
    transition /= transition[:, -1:]
    opening = np.cumsum(statistics["opening"]) / np.sum(statistics["opening"])
    state = np.searchsorted(opening, random.random(count)).clip(0, CLOSED - 1)
    rows, months, codes = [], [], []
    for step, some in enumerate(alive):
        now = order[:some]
        if step:
            moved = (transition[state[now]] < random.random(some)[:, None]).sum(axis=1)
            state[now] = np.minimum(moved, CLOSED - 1)
        month = first[now] + step
        rows.append(now)
        months.append(month)
        codes.append(np.where(month >= closing[now], CLOSED, state[now]))
    row = np.concatenate([*rows, np.empty(0, dtype=int)]).astype(int)
    month = np.concatenate([*months, np.empty(0, dtype=int)]).astype(int)
    code = np.concatenate([*codes, np.empty(0, dtype=int)]).astype(int)
    sort = np.lexsort((-month, row))
    return pl.DataFrame(
        {
            "SK_ID_BUREAU": credit["SK_ID_BUREAU"].to_numpy()[row[sort]],
            "MONTHS_BALANCE": month[sort],
            "STATUS": STATUSES[code[sort]].astype(object).tolist(),
        },
        schema=table("bureau_balance").schema,
    )
