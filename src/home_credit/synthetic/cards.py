"""Credit cards month by month: drawings, minimum due, payments, balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic.balances import IDS, category, in_schema, numbers, to_cents
from home_credit.synthetic.chain import normal_share
from home_credit.synthetic.days import MONTH
from home_credit.synthetic.delinquency import Delinquency
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Codes, Floats
    from home_credit.synthetic.chain.columns import Mask
    from home_credit.synthetic.statistics import CardStatistics

LONGEST = 96  # months
MOST_OF_LIMIT = 1.1
MEAN_RESIDUE = 250
LONGEST_MONTH = 31  # days
ACTIVE, COMPLETED = 0, 1


class _Cards:
    """Simulates cards month by month; balance and matured instalments change, the rest is fixed per card."""

    def __init__(
        self, approved: pl.DataFrame, statistics: CardStatistics, random: np.random.Generator
    ) -> None:
        count = len(approved)
        self._statistics, self._random = statistics, random
        self.late = numbers(approved, "LATE")
        start = np.floor(numbers(approved, "DAYS_DECISION") / MONTH) + (random.random(count) < 0.5)
        self.first = np.clip(start, -LONGEST, -1)
        delays = np.cumsum(statistics["last_months"])
        self.last = np.maximum(-1.0 - np.searchsorted(delays, random.random(count) * delays[-1]), self.first)
        completed = random.random(count) < statistics["completed"]
        kept = np.ceil(random.exponential(statistics["completed_months"], count))
        self.closed_from = np.where(completed, np.maximum(self.last - kept + 1, self.first), 0)
        drawing = numbers(approved, "DAYS_FIRST_DRAWING")
        self._used_from = np.where(drawing < 0, np.floor(drawing / MONTH), 1)
        self._limit = np.round(numbers(approved, "AMT_CREDIT") / 4500) * 4500
        appetite = normal_share(0.35 * self.late + 0.94 * random.standard_normal(count))
        self._habit = np.interp(appetite, statistics["at"], statistics["draws"])
        self._ceiling = np.interp(appetite, statistics["at"], statistics["utilisation"])
        self._at_machines = random.random(count) < statistics["atm"]
        # Some cards keep a small balance that is never paid.
        idle = (random.random(count) < statistics["residue"]) & ~completed & (drawing < 0)
        self._idle_from = np.where(idle, np.ceil(self.first * random.random(count)), 0)
        self._residue = random.exponential(MEAN_RESIDUE, count)
        self._balance, self._matured = np.zeros(count), np.zeros(count)
        self._delinquency = Delinquency(self.late, statistics["delinquency"], random)

    def pass_month(self, month: int) -> dict[str, Codes | Floats]:
        """Move the cards open in ``month`` on by that month and return its rows; ``owner`` is the card."""
        now: Codes = np.flatnonzero((self.first <= month) & (self.last >= month))
        closed, idle = self.closed_from[now] <= month, self._idle_from[now] <= month
        self._balance[now] = np.where(
            self._idle_from[now] == month, to_cents(self._residue[now]), self._balance[now]
        )
        limit, before, used = self._limit[now], self._balance[now], self._used_from[now] <= month
        due = np.where(idle, 0, np.minimum(before, np.maximum(0.05 * limit, 0.05 * before)))
        owes = ~closed & (before > 0)
        past, counted = self._delinquency.pass_month(now, owes, idle)
        payment = self._payments(now, due, closed, (past > LONGEST_MONTH) | idle)
        drawn, cash = self._drawings(now, before - payment, used & ~closed & ~idle)
        after = np.where(closed, 0, np.where(idle, before, self._balances(now, before - payment, drawn)))
        self._balance[now] = after
        self._matured[now] += due > 0
        times = np.where(drawn > 0, 1 + self._random.poisson(1.5, len(now)), 0).astype(np.int64)
        unknown = np.where(used, 0.0, np.nan)  # not known for cards that were never used
        return {
            "owner": now, "MONTHS_BALANCE": np.full(len(now), month), "AMT_BALANCE": after,
            "AMT_CREDIT_LIMIT_ACTUAL": limit,
            "AMT_DRAWINGS_ATM_CURRENT": np.where(cash, drawn, 0) + unknown, "AMT_DRAWINGS_CURRENT": drawn,
            "AMT_DRAWINGS_OTHER_CURRENT": unknown,
            "AMT_DRAWINGS_POS_CURRENT": np.where(cash, 0, drawn) + unknown,
            "AMT_INST_MIN_REGULARITY": to_cents(due), "AMT_PAYMENT_CURRENT": payment + unknown,
            "AMT_PAYMENT_TOTAL_CURRENT": payment,
            "AMT_RECEIVABLE_PRINCIPAL": to_cents(after * self._statistics["principal"]),
            "AMT_RECIVABLE": after, "AMT_TOTAL_RECEIVABLE": after,
            "CNT_DRAWINGS_ATM_CURRENT": np.where(cash, times, 0) + unknown, "CNT_DRAWINGS_CURRENT": times,
            "CNT_DRAWINGS_OTHER_CURRENT": unknown,
            "CNT_DRAWINGS_POS_CURRENT": np.where(cash, 0, times) + unknown,
            "CNT_INSTALMENT_MATURE_CUM": self._matured[now], "SK_DPD": past, "SK_DPD_DEF": counted,
        }  # fmt: skip

    def _payments(self, now: Codes, due: Floats, closed: Mask, unpaid: Mask) -> Floats:
        """Return the payments: nothing, the minimum due, or more; the whole balance when the card is closed."""
        random, size, before = self._random, len(now), self._balance[now]
        skips = unpaid | (random.random(size) > self._statistics["pays"])
        more = np.where(random.random(size) < 0.4, 1 + random.exponential(1.5, size), 1.0)
        paid = np.where(skips, 0.0, np.minimum(due * more, before))
        return to_cents(np.where(closed, before, paid))

    def _drawings(self, now: Codes, owed: Floats, can_draw: Mask) -> tuple[Floats, Mask]:
        """Return the drawings, within the card's ceiling, and whether they are at a cash machine."""
        random, size, limit = self._random, len(now), self._limit[now]
        room = np.maximum(self._ceiling[now] * limit - owed, 0)
        draws = can_draw & (random.random(size) < self._habit[now])
        mean = self._statistics["drawing"]
        wanted = np.where(draws, np.minimum(limit * random.exponential(mean, size), room), 0.0)
        cash = self._at_machines[now] & (random.random(size) < 0.8)
        return np.where(cash, np.round(wanted / 4500) * 4500, to_cents(wanted)), cash

    def _balances(self, now: Codes, owed: Floats, drawn: Floats) -> Floats:
        """Return the balances after interest, which is charged up to slightly more than the limit."""
        interest = self._statistics["interest"] * self._balance[now]
        room = np.maximum(MOST_OF_LIMIT * self._limit[now] - owed - drawn, 0)
        after = to_cents(np.maximum(owed + drawn + np.minimum(interest, room), 0))
        return np.where(after < self._statistics["forgiven"], 0.0, after)


def credit_cards(
    previous: pl.DataFrame, late: Floats, statistics: CardStatistics, random: np.random.Generator
) -> pl.DataFrame:
    """Return the monthly balances of approved cards, with their owner's ``LATE`` and the day ``GRANTED``."""
    approved = previous.with_columns(LATE=pl.Series(late)).filter(
        pl.col("NAME_CONTRACT_TYPE") == "Revolving loans",
        pl.col("NAME_CONTRACT_STATUS") == "Approved",
        pl.col("AMT_CREDIT") > 0,
    )
    if approved.is_empty():
        further = {"LATE": pl.Float64(), "GRANTED": pl.Float64()}
        return pl.DataFrame(schema={**polars_schema(table("credit_card_balance")), **further})
    cards = _Cards(approved, statistics, random)
    months = [cards.pass_month(month) for month in range(int(cards.first.min()), 0)]
    rows = {name: np.concatenate([month[name] for month in months]) for name in months[0]}
    order = np.lexsort((-rows["MONTHS_BALANCE"], rows["owner"]))
    rows = {name: values[order] for name, values in rows.items()}
    owner = rows.pop("owner")
    closed = cards.closed_from[owner] <= rows["MONTHS_BALANCE"]
    status = category(("Active", "Completed"), np.where(closed, COMPLETED, ACTIVE))
    ids = {name: approved[name].to_numpy()[owner] for name in IDS}
    frame = in_schema("credit_card_balance", {**ids, **rows, "NAME_CONTRACT_STATUS": status})
    granted = numbers(approved, "DAYS_DECISION")[owner]
    return frame.with_columns(LATE=pl.Series(cards.late[owner]), GRANTED=pl.Series(granted))


def older_cards(
    ids: Codes, late: Floats, previous: pl.DataFrame, statistics: CardStatistics, random: np.random.Generator
) -> tuple[pl.DataFrame, Floats]:
    """Return cards granted before ``previous`` begins, and their owners' lateness.

    They have the schema of ``previous`` without ids of the credits, and the terms of cards drawn from it.
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
