"""Credit cards month by month: what is drawn, what is due, what is paid, what remains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from home_credit.synthetic.balances import IDS, MONTH, category, days_past_due, in_schema, numbers, to_cents
from home_credit.synthetic.chain import normal_share
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.synthetic.chain import Codes, Floats
    from home_credit.synthetic.statistics import CardStatistics

LONGEST = 96  # months
ACTIVE, COMPLETED = 0, 1


class _Cards:
    """Cards on their way through the months; ``balance`` and ``matured`` change, the rest is the owner's."""

    def __init__(
        self, approved: pl.DataFrame, statistics: CardStatistics, random: np.random.Generator
    ) -> None:
        count = len(approved)
        self._statistics, self._random = statistics, random
        self.late = numbers(approved, "LATE")
        start = np.floor(numbers(approved, "DAYS_DECISION") / MONTH) + (random.random(count) < 0.5)
        self.first = np.clip(start, -LONGEST, -1)
        stopped = random.random(count) < statistics["stops"]
        end = np.where(stopped, np.floor(self.first * random.random(count)), -1)
        self.last = np.maximum(end - (random.random(count) < 0.5), self.first)
        drawing = numbers(approved, "DAYS_FIRST_DRAWING")
        self._used_from = np.where(drawing < 0, np.floor(drawing / MONTH), 1)
        self._limit = np.round(numbers(approved, "AMT_CREDIT") / 4500) * 4500
        appetite = normal_share(0.35 * self.late + 0.94 * random.standard_normal(count))
        self._habit = np.interp(appetite, statistics["at"], statistics["draws"])
        self._ceiling = np.interp(appetite, statistics["at"], statistics["utilisation"])
        self._at_machines = random.random(count) < statistics["atm"]
        self._balance, self._matured = np.zeros(count), np.zeros(count)

    def pass_month(self, month: int) -> dict[str, NDArray[Any]]:
        """Move the cards open in ``month`` on by that month and return its rows; ``owner`` is the card."""
        statistics, random = self._statistics, self._random
        now: Codes = np.flatnonzero((self.first <= month) & (self.last >= month))
        size = len(now)
        limit, before, used = self._limit[now], self._balance[now], self._used_from[now] <= month
        due = np.minimum(before, np.maximum(0.05 * limit, 0.05 * before))
        strain = 0.6 * self.late[now] + 0.8 * random.standard_normal(size)
        skips = normal_share(strain) > statistics["pays"]
        more = np.where(random.random(size) < 0.4, 1 + random.exponential(1.5, size), 1.0)
        payment = to_cents(np.where(skips, 0.0, np.minimum(due * more, before)))

        room = np.maximum(self._ceiling[now] * limit - (before - payment), 0)
        draws = used & (random.random(size) < self._habit[now])
        wanted = np.where(
            draws, np.minimum(limit * random.exponential(statistics["drawing"], size), room), 0.0
        )
        cash = self._at_machines[now] & (random.random(size) < 0.8)
        at_machine = np.where(cash, np.round(wanted / 4500) * 4500, 0.0)
        at_till = np.where(cash, 0.0, to_cents(wanted))
        drawn = at_machine + at_till
        times = np.where(drawn > 0, 1 + random.poisson(1.5, size), 0).astype(np.int64)

        after = to_cents(np.maximum(before * (1 + statistics["interest"]) - payment + drawn, 0))
        after = np.where(after < statistics["forgiven"], 0.0, after)
        self._balance[now] = after
        self._matured[now] += due > 0
        behind = skips & (due > 0)
        past, strict = (
            np.where(behind, days, 0) for days in days_past_due(self.late[now], statistics["overdue"], random)
        )
        blank = np.where(used, 0.0, np.nan)  # what is not known of cards that were never used
        return {
            "owner": now, "MONTHS_BALANCE": np.full(size, month), "AMT_BALANCE": after,
            "AMT_CREDIT_LIMIT_ACTUAL": limit,
            "AMT_DRAWINGS_ATM_CURRENT": at_machine + blank, "AMT_DRAWINGS_CURRENT": drawn,
            "AMT_DRAWINGS_OTHER_CURRENT": blank, "AMT_DRAWINGS_POS_CURRENT": at_till + blank,
            "AMT_INST_MIN_REGULARITY": to_cents(due), "AMT_PAYMENT_CURRENT": payment + blank,
            "AMT_PAYMENT_TOTAL_CURRENT": payment,
            "AMT_RECEIVABLE_PRINCIPAL": to_cents(after * statistics["principal"]),
            "AMT_RECIVABLE": after, "AMT_TOTAL_RECEIVABLE": after,
            "CNT_DRAWINGS_ATM_CURRENT": np.where(cash, times, 0) + blank, "CNT_DRAWINGS_CURRENT": times,
            "CNT_DRAWINGS_OTHER_CURRENT": blank, "CNT_DRAWINGS_POS_CURRENT": np.where(cash, 0, times) + blank,
            "CNT_INSTALMENT_MATURE_CUM": self._matured[now], "SK_DPD": past, "SK_DPD_DEF": strict,
        }  # fmt: skip


def credit_cards(
    previous: pl.DataFrame, late: Floats, statistics: CardStatistics, random: np.random.Generator
) -> pl.DataFrame:
    """Return the monthly balances of approved cards, with the applicant's lateness as a column ``LATE``."""
    approved = previous.with_columns(LATE=pl.Series(late)).filter(
        pl.col("NAME_CONTRACT_TYPE") == "Revolving loans",
        pl.col("NAME_CONTRACT_STATUS") == "Approved",
        pl.col("AMT_CREDIT") > 0,
    )
    if approved.is_empty():
        return pl.DataFrame(schema={**table("credit_card_balance").schema, "LATE": pl.Float64()})
    cards = _Cards(approved, statistics, random)
    months = [cards.pass_month(month) for month in range(int(cards.first.min()), 0)]
    rows = {name: np.concatenate([month[name] for month in months]) for name in months[0]}
    order = np.lexsort((-rows["MONTHS_BALANCE"], rows["owner"]))
    rows = {name: values[order] for name, values in rows.items()}
    owner = rows.pop("owner")
    closing = (rows["MONTHS_BALANCE"] == cards.last[owner]) & (cards.last[owner] < -2)
    status = category(("Active", "Completed"), np.where(closing, COMPLETED, ACTIVE))
    ids = {name: approved[name].to_numpy()[owner] for name in IDS}
    frame = in_schema("credit_card_balance", {**ids, **rows, "NAME_CONTRACT_STATUS": status})
    return frame.with_columns(LATE=pl.Series(cards.late[owner]))


def older_cards(
    ids: Codes, late: Floats, previous: pl.DataFrame, statistics: CardStatistics, random: np.random.Generator
) -> tuple[pl.DataFrame, Floats]:
    """Return cards granted before ``previous`` begins, which has no row of them, and their owners' lateness.

    They are in its schema, with the terms of cards drawn from it, but for the ids of the credits.
    """
    like = previous.filter(
        pl.col("NAME_CONTRACT_TYPE") == "Revolving loans",
        pl.col("NAME_CONTRACT_STATUS") == "Approved",
        pl.col("AMT_CREDIT") > 0,
    )
    owner = np.flatnonzero(random.random(len(ids)) < (statistics["older"] if len(like) else 0))
    days = -MONTH * LONGEST - 1
    cards = like[random.integers(0, max(len(like), 1), len(owner))].with_columns(
        SK_ID_CURR=pl.Series(ids[owner]),
        DAYS_DECISION=pl.lit(days).cast(like.schema["DAYS_DECISION"]),
        DAYS_FIRST_DRAWING=pl.lit(days).cast(like.schema["DAYS_FIRST_DRAWING"]),
    )
    return cards, late[owner]
