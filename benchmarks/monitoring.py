"""False alarms, detection and estimated performance over forty scenarios.

    python benchmarks/monitoring.py --tables DIR --out FILE [--nannyml PYTHON] [--sizes 500 5000 --pool 20000]

DIR holds a demo portfolio of 356,255 applicants; those that the committed model was not trained on are used, a random
sample of them. In each repetition a window is drawn without drawing anybody twice, a scenario changes it, and it is
compared with the statistics stored with the model. "Ours" is the alarm of the verdict. Evidently compares columns by the
tests that it chooses by default with 5,000 of 50,000 other applicants, NannyML with all of these; PYTHON is an interpreter
that has NannyML 0.13. All scenarios are run with few repetitions first and with all of them then. Lines of JSON are appended
to FILE, and what it has already is not run again; `monitoring_table.py` makes the tables of it. Scenarios that draw
applicants with weights (32 to 37) need a pool that is several times larger than the window.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from monitoring_peers import NannyML, evidently_flags
from monitoring_pool import Applied, Pool
from monitoring_scenarios import Scenario, scenarios
from monitoring_windows import COSTS, POLICY, Window

from home_credit.monitoring.drift import Judgement, judge
from home_credit.monitoring.performance import estimate
from home_credit.monitoring.tally import Tally
from home_credit.validation.auc import influence
from home_credit.validation.costs import losses_with_reviews

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import polars as pl

SIZES = (500, 5_000, 48_744)
SEED = 2027
Line = dict[str, object]


def main() -> None:
    """Append the lines of each scenario and size that FILE does not have yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--nannyml", type=Path, help="an interpreter that has NannyML")
    parser.add_argument("--pool", type=int, default=60_000)
    parser.add_argument("--others", type=int, default=50_000, help="applicants that the peers compare with")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--only", type=int, nargs="+", help="the numbers of some scenarios")
    parser.add_argument("--repeats", type=int, nargs="+", default=[20, 200], help="in each pass")
    parser.add_argument("--peers", type=int, nargs="+", default=[5, 20], help="in each pass")
    arguments = parser.parse_args()
    pool = Pool(arguments.tables, arguments.models, arguments.pool)
    others = Pool(arguments.tables, arguments.models, arguments.others, after=arguments.pool)
    lines = Lines(arguments.out)
    with (
        tempfile.TemporaryDirectory() as folder,
        NannyML.started(arguments.nannyml, others, Path(folder)) as nannyml,
    ):
        for repeats, peers in zip(arguments.repeats, arguments.peers, strict=True):
            for number, scenario in enumerate(scenarios(pool.application)):
                if arguments.only and number not in arguments.only:
                    continue
                for size in arguments.sizes:
                    run = Run(scenario, number, size, pool, others)
                    lines.extend("ours", run, repeats, run.ours)
                    if scenario.odds is None:
                        lines.extend("evidently", run, peers, run.evidently)
                        if nannyml:
                            lines.extend("nannyml", run, peers, partial(run.nannyml, nannyml))
                print(f"{scenario.name}: {repeats}, {time.process_time():.0f} CPU s", flush=True)


@dataclass(frozen=True)
class Run:
    """A scenario at one size; each repetition has a window of its own, the same at every run."""

    scenario: Scenario
    number: int
    size: int
    pool: Pool
    others: Pool

    def windows(self, repeats: Iterable[int]) -> list[Window]:
        """Return the windows of these repetitions."""
        seeds = [[SEED, self.number, self.size, repeat] for repeat in repeats]
        return [Window.of(self.scenario, self.pool, self.size, np.random.default_rng(seed)) for seed in seeds]

    def rows(self, repeats: Iterable[int]) -> list[pl.DataFrame]:
        """Return the applications of these repetitions."""
        return [window.rows(self.pool, self.pool.apply(self.scenario)) for window in self.windows(repeats)]

    def ours(self, repeats: Iterable[int]) -> list[Line]:
        """Return what the verdict says."""
        applied = self.pool.apply(self.scenario)
        return [measured(window, self.pool, applied) for window in self.windows(repeats)]

    def evidently(self, repeats: Iterable[int]) -> list[Line]:
        """Return what Evidently says, against 5,000 other applicants."""
        chance, count = np.random.default_rng([SEED, self.size, *repeats]), len(self.others.target)
        found: list[Line] = []
        for now in self.rows(repeats):
            chosen = Window(chance.choice(count, 5_000, replace=False), np.zeros(5_000, dtype=bool))
            found.append(evidently_flags(chosen.rows(self.others, self.others.base), now))
        return found

    def nannyml(self, tool: NannyML, repeats: Iterable[int]) -> list[Line]:
        """Return what NannyML says, all repetitions at once, one chunk each."""
        return [{"alerts": each} for each in tool.alerts(self.rows(repeats))]


class Lines:
    """The lines of FILE: one for each repetition of a scenario, size and tool."""

    def __init__(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        known = [json.loads(line) for line in text.splitlines()]
        self._file = file
        self._done = Counter((line["tool"], line["number"], line["size"]) for line in known)

    def extend(
        self, tool: str, run: Run, repeats: int, answer: Callable[[Iterable[int]], list[Line]]
    ) -> None:
        """Append the repetitions that are missing up to ``repeats``."""
        new = range(self._done[tool, run.number, run.size], repeats)
        if not new:
            return
        base = {"tool": tool, "scenario": run.scenario.name, "number": run.number, "size": run.size}
        text = "".join(json.dumps(base | line) + "\n" for line in answer(new))
        with self._file.open("a", encoding="utf-8") as out:
            out.write(text)
        self._done[tool, run.number, run.size] = repeats


def measured(window: Window, pool: Pool, applied: Applied) -> Line:
    """Return the verdict on a window, the performance that it estimates, and what the outcomes were."""
    tally = Tally(pool.stored.layout)
    window.count(pool, applied, tally)
    found = judge(pool.stored, tally)
    assert pool.stored.scores is not None
    expected = estimate(pool.stored.scores, tally.total.sums, POLICY, found.causes)
    assert expected is not None
    probability = window.probability(pool, applied)
    return {
        "alarm": found.alarm,
        "beyond_chance": len(found.causes),
        "detectors": sorted({cause.detector for cause in found.causes if cause.material}),
        "mean_probability": float(probability.mean()),
        "expected": expected.model_dump(mode="json", exclude={"note"}),
        "realised": realised(probability, window.target(applied)),
        "previous": previous_rule(found),
    }


def realised(probability: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Return what the outcomes of a window were."""
    cost = float(losses_with_reviews(target, probability, POLICY, COSTS).mean())
    auc = influence(target, probability)[0] if 0 < target.sum() < len(target) else float("nan")
    return {"auc": auc, "default_rate": float(target.mean()), "cost": cost}


def previous_rule(judged: Judgement) -> bool:
    """Return the alarm of fixed limits: a column with a PSI of 0.25, or a fifth of them with 0.1, beyond chance."""
    found = [test for test in judged.tests if test.detector == "distribution"]
    drifted = [test for test in found if test.p_value < 0.01 / len(found) and test.size >= 0.1]
    return any(test.size >= 0.25 for test in drifted) or len(drifted) > len(found) / 5


if __name__ == "__main__":
    main()
