"""Windows of applications for the benchmarks of monitoring, drawn from a pool without drawing anybody twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from home_credit.monitoring.tally import Counted, Tally
from home_credit.policy import Costs, Policy
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from datetime import date

    from monitoring_pool import Applied, Pool
    from monitoring_scenarios import Scenario
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

COSTS = Costs()
POLICY = Policy.of(COSTS)


@dataclass(frozen=True)
class Window:
    """Applicants by their places in the pool, which of them a scenario changed, and how many repeat another."""

    places: NDArray[np.int64]
    changed: NDArray[np.bool_]
    repeated: int = 0

    @classmethod
    def of(cls, scenario: Scenario, pool: Pool, size: int, chance: np.random.Generator) -> Window:
        """Draw a window of a scenario."""
        changed = changed_rows(scenario, size, chance)
        return cls(drawn(scenario, pool, size, chance), changed, round(scenario.repeated * size))

    def probability(self, pool: Pool, applied: Applied) -> Numbers:
        """Return the probabilities of default as the model states them."""
        before, after = pool.base.probability[self.places], applied.probability[self.places]
        return self._again(np.where(self.changed, after, before))

    def target(self, applied: Applied) -> NDArray[np.int64]:
        """Return the outcomes."""
        return self._again(applied.target[self.places])

    def count(self, pool: Pool, applied: Applied, tally: Tally, day: date | None = None) -> None:
        """Count the window as one day of ``tally``."""
        codes = np.concatenate([
            applied.codes[self.places[self.changed]],
            pool.base.codes[self.places[~self.changed]],
        ])  # fmt: skip
        size, counted = len(self.places), tally.day(day)
        if self.repeated:
            codes[: self.repeated] = codes[self.repeated : 2 * self.repeated]
        counted.add(
            Counted(
                np.bincount(codes.ravel(), minlength=tally.layout.cells), rows=size, pairs=self.repeated,
                possible=size * (size - 1) // 2, repeated=self.repeated,
            )
        )  # fmt: skip
        tally.add_scores(self.probability(pool, applied), POLICY, day)

    def rows(self, pool: Pool, applied: Applied) -> pl.DataFrame:
        """Return the applications with their probabilities, as other tools read them."""
        parts = [
            side.rows[self.places[chosen]].with_columns(
                probability=pl.Series(side.probability[self.places[chosen]])
            )
            for side, chosen in ((pool.base, ~self.changed), (applied, self.changed))
        ]
        rows = pl.concat(parts, how="vertical_relaxed").drop(ID)
        again = self.repeated
        return pl.concat([rows.slice(again), rows.slice(again, again)]) if again else rows

    def _again(self, values: NDArray[Any]) -> NDArray[Any]:
        values[: self.repeated] = values[self.repeated : 2 * self.repeated]
        return values


def drawn(scenario: Scenario, pool: Pool, size: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """Return the places of the applicants of a window, nobody twice; in proportion to the weights, if there are any."""
    count = len(pool.target)
    if scenario.weights is None:
        return chance.choice(count, size, replace=False)
    weights = pool.application.select(scenario.weights(pool.application).alias("w"))["w"].to_numpy()
    keys = np.log(chance.random(count)) / weights  # Efraimidis and Spirakis, 2006
    return chance.permutation(np.argpartition(-keys, size)[:size])


def changed_rows(scenario: Scenario, size: int, chance: np.random.Generator) -> NDArray[np.bool_]:
    """Return which rows of the window the change concerns, in the order of their arrival."""
    at = (np.arange(size) + 0.5) / size
    if scenario.gradual:
        return chance.random(size) < at
    return at > scenario.from_share
