"""False alarms, detection and estimated performance over forty scenarios.

    python benchmarks/monitoring.py --tables DIR --out FILE [--nannyml PYTHON] [--repeats 200] [--peers 20]

DIR holds a demo portfolio of 356,255 applicants; those that the committed model was not trained on are used, a random
sample of them. In each repetition a window is drawn without drawing anybody twice, a scenario changes it, and it is
compared with the statistics stored with the model. "Ours" is the alarm of the verdict. Evidently compares columns by the
tests that it chooses by default with 5,000 of 50,000 other applicants, NannyML with all of these; PYTHON is an interpreter
that has NannyML 0.13. Lines of JSON are appended to FILE, and what it has already is not run again;
`monitoring_table.py` makes the tables of it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from monitoring_peers import NannyML, evidently_flags
from monitoring_pool import Applied, Pool
from monitoring_scenarios import scenarios
from monitoring_windows import COSTS, POLICY, Window

from home_credit.monitoring.drift import Judgement, judge
from home_credit.monitoring.performance import estimate
from home_credit.monitoring.tally import Tally
from home_credit.validation.auc import influence
from home_credit.validation.costs import losses_with_reviews

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    parser.add_argument("--pool", type=int, default=100_000)
    parser.add_argument("--others", type=int, default=50_000, help="applicants that the peers compare with")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--large", type=int, default=50, help="repetitions at 48,744")
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--large-peers", type=int, default=2, help="repetitions of the peers at 48,744")
    arguments = parser.parse_args()
    pool = Pool(arguments.tables, arguments.models, arguments.pool)
    others = Pool(arguments.tables, arguments.models, arguments.others, after=arguments.pool)
    done = _done(arguments.out)
    with (
        arguments.out.open("a", encoding="utf-8") as out,
        tempfile.TemporaryDirectory() as folder,
        NannyML.started(arguments.nannyml, others, Path(folder)) as nannyml,
    ):
        for number, scenario in enumerate(scenarios(pool.application)):
            if all(done[scenario.name, size] for size in SIZES):
                continue
            began = time.process_time()
            applied = pool.apply(scenario)
            for size in SIZES:
                if done[scenario.name, size]:
                    continue
                large = size == max(SIZES)
                repeats = arguments.large if large else arguments.repeats
                peers = arguments.large_peers if large else arguments.peers
                windows = [
                    Window.of(scenario, pool, size, np.random.default_rng([SEED, number, size, repeat]))
                    for repeat in range(repeats)
                ]
                lines = [measured(window, pool, applied) for window in windows]
                if scenario.odds is None:
                    for line, found in zip(
                        lines, compared(windows[:peers], pool, applied, others, nannyml), strict=False
                    ):
                        line.update(found)
                base = {"scenario": scenario.name, "number": number, "size": size}
                out.write("".join(json.dumps(base | line) + "\n" for line in lines))
                out.flush()
            print(f"{number} {scenario.name}: {time.process_time() - began:.0f} CPU s", flush=True)


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


def compared(
    windows: list[Window], pool: Pool, applied: Applied, others: Pool, nannyml: NannyML | None
) -> Iterator[Line]:
    """Yield what the peers say of each window."""
    rows = [window.rows(pool, applied) for window in windows]
    answers = nannyml.alerts(rows) if nannyml else [None] * len(rows)
    chance, count = np.random.default_rng(len(rows[0])), len(others.target)
    for now, answer in zip(rows, answers, strict=True):
        chosen = Window(chance.choice(count, 5_000, replace=False), np.zeros(5_000, dtype=bool))
        before = chosen.rows(others, others.base)
        line: Line = {"evidently": evidently_flags(before, now)}
        yield line | ({"nannyml": answer} if answer is not None else {})


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


def _done(file: Path) -> Counter[tuple[str, int]]:
    """Return how many lines there are of each scenario and size; those of one are written together."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    return Counter((line["scenario"], line["size"]) for line in lines)


if __name__ == "__main__":
    main()
