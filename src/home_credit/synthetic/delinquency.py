"""Days past due from month to month.

A payer who is not behind falls behind with a probability that depends on the latent lateness. A payer who is behind
is cured, falls behind again, or is another month behind, with probabilities by the days past due so far. Days past
due on small debts are tolerated: they are not counted in SK_DPD_DEF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.synthetic.chain import normal_score, normal_share

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Codes, Floats
    from home_credit.synthetic.chain.columns import Mask
    from home_credit.synthetic.statistics import DelinquencyStatistics

MONTH_DAYS = (30, 31)


class Delinquency:
    """The days past due of credits, one month after the other."""

    def __init__(self, late: Floats, statistics: DelinquencyStatistics, random: np.random.Generator) -> None:
        self._statistics, self._random = statistics, random
        loading = statistics["loading"]
        threshold = float(normal_score(np.array([1 - statistics["falls"]]))[0])
        self._falls = 1 - normal_share((threshold - loading * late) / np.sqrt(1 - loading**2))
        self._days = np.zeros(len(late), dtype=np.int64)
        self._tolerated = np.zeros(len(late), dtype=bool)

    def pass_month(self, credits_: Codes, can_be_behind: Mask, residual: Mask) -> tuple[Codes, Codes]:
        """Simulate a month of the credits at these positions; return SK_DPD and SK_DPD_DEF.

        Credits that cannot be behind are cured. The debt of ``residual`` credits is small, tolerated and not paid.
        """
        statistics, random, size = self._statistics, self._random, len(credits_)
        before = self._days[credits_]
        bucket = np.searchsorted(statistics["bounds"], before, side="left")
        roll, again = (np.array(statistics[name])[bucket] for name in ("rolls", "again"))
        chance = random.random(size)
        rolls = (before > 0) & ((chance < roll) | residual)
        falls = np.where(before > 0, roll + again, self._falls[credits_])
        anew = ~rolls & ((chance < falls) | residual)
        fresh = np.interp(random.random(size), statistics["at"], statistics["days"]).round()
        month = random.choice(MONTH_DAYS, size)
        after = np.where(rolls, before + month, np.where(anew, np.maximum(fresh, 1), 0))
        after = np.where(can_be_behind, after, 0).astype(np.int64)
        chance = random.random(size)
        forgiven = self._tolerated[credits_] | (chance < statistics["forgiven"])
        tolerated = np.where(rolls, forgiven, chance < statistics["tolerated"]) | residual
        self._days[credits_], self._tolerated[credits_] = after, tolerated
        return after, np.where(tolerated, 0, after)
