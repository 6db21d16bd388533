"""How many windows pass from the beginning of a change to the alarm, sudden and gradual, for monitoring and its peers.

    python benchmarks/monitoring_delays.py --tables DIR [--nannyml PYTHON] [--repeats 50] [--peers 5]

500 applications arrive each day. A sudden change is there from the first day on; a gradual one concerns a part of the
applications that grows from none to all in 28 days. The verdict is made every day on that day alone, every day on all days
since the beginning, and every week on that week; Evidently and NannyML compare weeks. A delay is the number of the first
window with an alarm; the median of the repetitions is printed, "never" after 28 days or four weeks. Every alarm is followed
by how often it is raised in weeks without a change.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING

import numpy as np
from monitoring_peers import NannyML, evidently_flags
from monitoring_pool import Pool
from monitoring_scenarios import Scenario, scenarios
from monitoring_windows import Window

from home_credit.monitoring.drift import judge
from home_credit.monitoring.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

DAYS, A_DAY, WEEK, SEED = 28, 500, 7, 2028
CHANGES = (
    "EXT_SOURCE_2 down by 0.25 s.d.", "all external scores down by 0.15 s.d.", "income × 1000 in 5 %",
    "EXT_SOURCE_3 missing in 10 % more", "category renamed, 3 %", "instalments of the loan + 10 %",
    "all amounts + 5 %", "hour of application in another zone",
)  # fmt: skip
ALARMS = ("columns", "missing", "unseen", "range", "joint", "estimated")


def main() -> None:
    """Print a line for each change."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--nannyml", type=Path, help="an interpreter that has NannyML")
    parser.add_argument("--pool", type=int, default=20_000)
    parser.add_argument("--others", type=int, default=35_000)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--peers", type=int, default=5)
    arguments = parser.parse_args()
    pool = Pool(arguments.tables, arguments.models, arguments.pool)
    others = Pool(arguments.tables, arguments.models, arguments.others, after=arguments.pool)
    known = {scenario.name: scenario for scenario in scenarios(pool.application)}
    with (
        tempfile.TemporaryDirectory() as folder,
        NannyML.started(arguments.nannyml, others, Path(folder)) as nannyml,
    ):
        alarms = ["Evidently, half", "Evidently, any", *(f"NannyML, {name}" for name in ALARMS)]
        print("| change | day | days so far | week | " + " | ".join(alarms) + " |")
        print("|---" * (len(alarms) + 4) + "|")
        for name in ("none", *CHANGES):
            for gradual in (False, True) if name != "none" else (False,):
                ours = [
                    delays(pool, known[name], gradual=gradual, seed=repeat)
                    for repeat in range(arguments.repeats)
                ]
                theirs = [
                    alarmed(pool, others, nannyml, known[name], gradual=gradual, seed=repeat)
                    for repeat in range(arguments.peers)
                ]
                label = f"{name}{', gradually' if gradual else ''}"
                if name == "none":
                    cells = [per_cent(each < np.inf for each in kind) for kind in zip(*ours, strict=True)]
                    flags = [flag for each in zip(*theirs, strict=True) for flag in [np.mean(each, axis=0)]]
                    shares = np.mean(flags, axis=0)
                    cells += [f"{100 * share:.0f} % of weeks" for share in shares]
                else:
                    cells = [shown(kind) for kind in zip(*ours, strict=True)]
                    cells += [
                        shown(first(weeks[:, place]) for weeks in map(np.array, theirs))
                        for place in range(len(alarms))
                    ]
                print(f"| {label} | {' | '.join(cells)} |", flush=True)


def day(pool: Pool, scenario: Scenario, number: int, *, gradual: bool, chance: np.random.Generator) -> Window:
    """Return the applications of a day; days are drawn apart, so that a person may apply in two of them."""
    window = Window.of(replace(scenario, gradual=False, from_share=0.0), pool, A_DAY, chance)
    part = (number + 0.5) / DAYS if gradual else 1.0
    return replace(window, changed=chance.random(A_DAY) < part)


def days(pool: Pool, scenario: Scenario, *, gradual: bool, seed: int) -> list[Window]:
    """Return all days."""
    chance = np.random.default_rng([SEED, seed, int(gradual)])
    return [day(pool, scenario, number, gradual=gradual, chance=chance) for number in range(DAYS)]


def delays(pool: Pool, scenario: Scenario, *, gradual: bool, seed: int) -> tuple[float, float, float]:
    """Return the first day with an alarm of its own, the first with one of all days so far, and the first week."""
    applied, layout = pool.apply(scenario), pool.stored.layout
    one, so_far, week = np.inf, np.inf, np.inf
    all_days, this_week = Tally(layout), Tally(layout)
    for number, window in enumerate(days(pool, scenario, gradual=gradual, seed=seed)):
        alone = Tally(layout)
        for tally in (alone, all_days, this_week):
            window.count(pool, applied, tally)
        if one == np.inf and judge(pool.stored, alone).alarm:
            one = number + 1
        if so_far == np.inf and judge(pool.stored, all_days).alarm:
            so_far = number + 1
        if number % WEEK == WEEK - 1:
            if week == np.inf and judge(pool.stored, this_week).alarm:
                week = (number + 1) // WEEK
            this_week = Tally(layout)
        if max(one, so_far, week) < np.inf:
            break
    return one, so_far, week


def alarmed(
    pool: Pool, others: Pool, nannyml: NannyML | None, scenario: Scenario, *, gradual: bool, seed: int
) -> list[list[bool]]:
    """Return, for each week, whether each alarm of the peers is raised."""
    applied = pool.apply(scenario)
    drawn = days(pool, scenario, gradual=gradual, seed=seed)
    weeks = [
        Window(
            np.concatenate([each.places for each in drawn[start : start + WEEK]]),
            np.concatenate([each.changed for each in drawn[start : start + WEEK]]),
        ).rows(pool, applied)
        for start in range(0, DAYS, WEEK)
    ]
    answers = nannyml.alerts(weeks) if nannyml else [{} for _ in weeks]
    chance, found = np.random.default_rng([SEED, seed]), []
    for now, answer in zip(weeks, answers, strict=True):
        places = chance.choice(len(others.target), 5_000, replace=False)
        before = Window(places, np.zeros(len(places), dtype=bool)).rows(others, others.base)
        columns = evidently_flags(before, now)
        mine = [bool(columns["alarm"]), columns["columns"] != 0]
        found.append(mine + [bool(answer.get(name)) for name in ALARMS])
    return found


def first(flags: Iterable[bool]) -> float:
    """Return the number of the first window with an alarm."""
    return next((number + 1 for number, flag in enumerate(flags) if flag), np.inf)


def shown(delays_: Iterable[float]) -> str:
    """Return the median of delays."""
    middle = median_low(delays_)
    return "never" if middle == np.inf else f"{middle:.0f}"


def per_cent(flags: Iterable[bool]) -> str:
    """Return the share of runs in which an alarm was raised at all."""
    return f"{100 * np.mean(list(flags)):.0f} % of runs"


if __name__ == "__main__":
    main()
