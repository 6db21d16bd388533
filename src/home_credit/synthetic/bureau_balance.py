"""Monthly statuses of credits at other lenders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic.days import MONTH
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from home_credit.synthetic.statistics import BureauStatistics

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
        schema=polars_schema(table("bureau_balance")),
    )
