"""False alarms, detection and estimated performance over forty scenarios.

    python benchmarks/monitoring.py --tables DIR --out FILE [--part 0/1] [--repeats 200] [--peers 20]

DIR holds a demo portfolio of 356,255 applicants; those that the committed model was not trained on are used, a random
sample of them. In each repetition a window is drawn without drawing anybody twice, a scenario changes it, and it is
compared with the statistics stored with the model. "Ours" is the alarm of the verdict. Evidently's columns are compared
by the tests that it chooses by default, against 5,000 other applicants; its alarm is a drift in half of the columns. Lines of
JSON go to FILE; `monitoring_table.py` makes the table of them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl
from monitoring_peers import evidently_flags
from monitoring_pool import Applied, Pool
from monitoring_scenarios import Scenario, scenarios

from home_credit.monitoring.drift import Judgement, judge
from home_credit.monitoring.performance import estimate
from home_credit.monitoring.tally import Tally
from home_credit.policy import Costs, Policy
from home_credit.tables.schema import ID
from home_credit.validation.auc import influence
from home_credit.validation.costs import losses_with_reviews

SIZES = (500, 5_000, 48_744)
COSTS = Costs()
POLICY = Policy.of(COSTS)


def drawn(scenario: Scenario, pool: Pool, size: int, chance: np.random.Generator) -> np.ndarray:
    """Return the places of the applicants of a window, nobody twice; in proportion to the weights, if there are any."""
    count = len(pool.target)
    if scenario.weights is None:
        return chance.choice(count, size, replace=False)
    weights = pool.application.select(scenario.weights(pool.application).alias("w"))["w"].to_numpy()
    keys = np.log(chance.random(count)) / weights  # Efraimidis and Spirakis, 2006
    return chance.permutation(np.argpartition(-keys, size)[:size])


def changed_rows(scenario: Scenario, size: int, chance: np.random.Generator) -> np.ndarray:
    """Return which rows of the window the change concerns, in the order of their arrival."""
    at = (np.arange(size) + 0.5) / size
    if scenario.gradual:
        return chance.random(size) < at
    return at > scenario.from_share


def window(
    scenario: Scenario, pool: Pool, applied: Applied, size: int, chance: np.random.Generator
) -> tuple[Tally, np.ndarray, np.ndarray]:
    """Return a window as counted, the places of its applicants, and which were changed."""
    places = drawn(scenario, pool, size, chance)
    changes = changed_rows(scenario, size, chance)
    codes = np.where(changes[:, None], applied.codes[places], pool.base.codes[places])
    probability = np.where(changes, applied.probability[places], pool.base.probability[places])
    layout = pool.stored.layout
    tally = Tally(layout)
    counted = tally.day()
    counted.possible = size * (size - 1) // 2
    if scenario.repeated:
        again = round(scenario.repeated * size)
        codes[:again], probability[:again] = codes[again : 2 * again], probability[again : 2 * again]
        counted.pairs = counted.repeated = again
    counted.cells += np.bincount(codes.ravel(), minlength=layout.cells)
    counted.rows = size
    tally.add_scores(probability, POLICY)
    return tally, places, changes


def realised(probability: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Return what the outcomes of a window were."""
    cost = float(losses_with_reviews(target, probability, POLICY, COSTS).mean())
    auc = influence(target, probability)[0] if 0 < target.sum() < len(target) else float("nan")
    return {"auc": auc, "default_rate": float(target.mean()), "cost": cost}


def main() -> None:
    """Write one line for each scenario, size and repetition."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--pool", type=int, default=60_000)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--large", type=int, default=10, help="repetitions at 48,744")
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the number of the scenario to begin with")
    parser.add_argument("--part", default="0/1", help="this part of so many of the scenarios")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    pool = Pool(arguments.tables, arguments.models, arguments.pool)
    with arguments.out.open("w", encoding="utf-8") as out:
        for number, scenario in enumerate(scenarios(pool.application)):
            if number < arguments.first or number % parts != part:
                continue
            began = time.monotonic()
            applied = pool.apply(scenario)
            for size in SIZES:
                repeats = arguments.large if size == max(SIZES) else arguments.repeats
                for repeat in range(repeats):
                    peers = repeat < (arguments.peers if size < max(SIZES) else 1)
                    line = measured(scenario, pool, applied, size, repeat, peers=peers)
                    out.write(json.dumps({"scenario": scenario.name, "number": number, **line}) + "\n")
                    out.flush()
            print(f"{number} {scenario.name}: {time.monotonic() - began:.0f} s", flush=True)


def measured(
    scenario: Scenario, pool: Pool, applied: Applied, size: int, repeat: int, *, peers: bool
) -> dict[str, object]:
    """Return the outcome of one repetition."""
    chance = np.random.default_rng([repeat, size])
    tally, places, changes = window(scenario, pool, applied, size, chance)
    found = judge(pool.stored, tally)
    probability = np.where(changes, applied.probability[places], pool.base.probability[places])
    assert pool.stored.scores is not None
    expected = estimate(pool.stored.scores, tally.total.sums, POLICY, found.causes)
    assert expected is not None
    line: dict[str, object] = {
        "size": size,
        "alarm": found.alarm,
        "beyond_chance": len(found.causes),
        "detectors": sorted({cause.detector for cause in found.causes if cause.material}),
        "mean_probability": float(probability.mean()),
        "expected": expected.model_dump(mode="json", exclude={"note"}),
        "realised": realised(probability, applied.target[places]),
        "previous": previous_rule(found),
    }
    if peers:
        rows = pl.concat([pool.base.rows[places].filter(~changes), applied.rows[places].filter(changes)])
        if scenario.repeated:
            again = round(scenario.repeated * size)
            rows = pl.concat([rows.head(size - again), rows.head(again)])
        left = np.setdiff1d(np.arange(len(pool.target)), places)
        before = pool.base.rows[chance.choice(left, 5_000, replace=False)]
        line["evidently"] = evidently_flags(before.drop(ID), rows.drop(ID))
    return line


def previous_rule(judged: Judgement) -> bool:
    """Return the alarm of fixed limits: a column with a PSI of 0.25, or a fifth of them with 0.1, beyond chance."""
    found = [test for test in judged.tests if test.detector == "distribution"]
    drifted = [test for test in found if test.p_value < 0.01 / len(found) and test.size >= 0.1]
    return any(test.size >= 0.25 for test in drifted) or len(drifted) > len(found) / 5


if __name__ == "__main__":
    main()
