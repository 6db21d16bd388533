"""How many windows pass from the beginning of a change to the alarm, sudden and gradual, for monitoring and its peers.

    python benchmarks/monitoring_delays.py --tables DIR --out FILE [--nannyml PYTHON] [--repeats 10] [--peers 2]

500 applications arrive each day. A sudden change is there from the first day on; a gradual one concerns a part of the
applications that grows from none to all in 28 days. The verdict is made every day on that day alone, every day on all days
since the beginning, and every week on that week; Evidently and NannyML compare weeks. A delay is the number of the first
window with an alarm; the median of the repetitions is printed, "never" after 28 days or four weeks. Every alarm is followed
by how often it is raised in weeks without a change.

Every repetition is appended to FILE as a line of JSON, and what it has already is not run again. At the end, and with
`--repeats 0` at once, the table of the lines in FILE is printed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING, Any

import numpy as np
from monitoring_peers import NannyML, evidently_flags
from monitoring_pool import Pool
from monitoring_scenarios import Scenario, scenarios
from monitoring_windows import Window

from home_credit.monitoring.drift import judge
from home_credit.monitoring.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DAYS, A_DAY, WEEK, SEED = 28, 500, 7, 2028
CHANGES = (
    "EXT_SOURCE_2 down by 0.25 s.d.", "all external scores down by 0.15 s.d.", "income × 1000 in 5 %",
    "EXT_SOURCE_3 missing in 10 % more", "category renamed, 3 %", "instalments of the loan + 10 %",
    "all amounts + 5 %", "hour of application in another zone",
)  # fmt: skip
OURS = ("day", "days so far", "week")
ALARMS = ("columns", "missing", "unseen", "range", "joint", "estimated")
PEERS = ("Evidently, half", "Evidently, any", *(f"NannyML, {name}" for name in ALARMS))
RUNS = [("none", False), *((name, gradual) for name in CHANGES for gradual in (False, True))]
Line = dict[str, Any]


def main() -> None:
    """Append the repetitions that FILE does not have yet, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--nannyml", type=Path, help="an interpreter that has NannyML")
    parser.add_argument("--pool", type=int, default=20_000)
    parser.add_argument("--others", type=int, default=35_000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--peers", type=int, default=2)
    arguments = parser.parse_args()
    known = lines(arguments.out)
    done = {(line["tool"], line["change"], line["gradual"], line["repeat"]) for line in known}
    wanted = [run for run in runs(arguments.repeats, arguments.peers) if run not in done]
    if wanted:
        with arguments.out.open("a", encoding="utf-8") as out:
            for line in measured(wanted, arguments):
                out.write(json.dumps(line) + "\n")
                out.flush()
    print_table(lines(arguments.out))


def lines(file: Path) -> list[Line]:
    """Return the repetitions in FILE, none where it is not there."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def runs(repeats: int, peers: int) -> Iterator[tuple[str, str, bool, int]]:
    """Yield tool, change, whether it is gradual, and repetition: every change once before any of them twice."""
    for repeat in range(max(repeats, peers)):
        for tool, wanted in (("ours", repeats), ("peers", peers)):
            if repeat < wanted:
                yield from ((tool, change, gradual, repeat) for change, gradual in RUNS)


def measured(wanted: list[tuple[str, str, bool, int]], arguments: argparse.Namespace) -> Iterator[Line]:
    """Yield the repetitions: the delays of ours, the weeks of the peers."""
    pool = Pool(arguments.tables, arguments.models, arguments.pool)
    compared = any(tool == "peers" for tool, *_ in wanted)
    # Without a peer nobody is compared with them.
    others = (
        Pool(arguments.tables, arguments.models, arguments.others, after=arguments.pool) if compared else pool
    )
    known = {scenario.name: scenario for scenario in scenarios(pool.application)}
    with (
        tempfile.TemporaryDirectory() as folder,
        NannyML.started(arguments.nannyml if compared else None, others, Path(folder)) as nannyml,
    ):
        for tool, change, gradual, repeat in wanted:
            began, line = time.process_time(), {"tool": tool, "change": change, "gradual": gradual}
            if tool == "ours":
                found: object = delays(pool, known[change], gradual=gradual, seed=repeat)
            else:
                found = alarmed(pool, others, nannyml, known[change], gradual=gradual, seed=repeat)
            yield line | {"repeat": repeat, "found": found, "seconds": time.process_time() - began}


def print_table(known: list[Line]) -> None:
    """Print the table in Markdown, and the numbers of repetitions."""
    print("| change | " + " | ".join((*OURS, *PEERS)) + " |")
    print("|---" * (len(OURS) + len(PEERS) + 1) + "|")
    for change, gradual in RUNS:
        ours, theirs = (
            [
                line["found"]
                for line in known
                if (line["tool"], line["change"], line["gradual"]) == (tool, change, gradual)
            ]
            for tool in ("ours", "peers")
        )
        cells = [
            share(each is not None for each in kind) if change == "none" else shown(kind)
            for kind in zip(*ours, strict=True)
        ] or ["–"] * len(OURS)
        weeks = [list(zip(*repetition, strict=True)) for repetition in theirs]
        cells += [
            share(flag for flags in kind for flag in flags)
            if change == "none"
            else shown(first(flags) for flags in kind)
            for kind in zip(*weeks, strict=True)
        ] or ["–"] * len(PEERS)
        print(f"| {change}{', gradually' if gradual else ''} | {' | '.join(cells)} |")
    for tool in ("ours", "peers"):
        counts = [
            sum((line["tool"], line["change"], line["gradual"]) == (tool, *run) for line in known)
            for run in RUNS
        ]
        print(f"{tool}: {min(counts)} to {max(counts)} repetitions")


def days(pool: Pool, scenario: Scenario, *, gradual: bool, seed: int) -> list[Window]:
    """Return the applications of each day; nobody applies in two of them."""
    chance = np.random.default_rng([SEED, seed, int(gradual)])
    everyone = Window.of(replace(scenario, gradual=False, from_share=0.0), pool, DAYS * A_DAY, chance)
    part = (np.arange(DAYS).repeat(A_DAY) + 0.5) / DAYS if gradual else 1.0
    changed = chance.random(DAYS * A_DAY) < part
    return [
        Window(everyone.places[start : start + A_DAY], changed[start : start + A_DAY])
        for start in range(0, DAYS * A_DAY, A_DAY)
    ]


def delays(pool: Pool, scenario: Scenario, *, gradual: bool, seed: int) -> list[int | None]:
    """Return the first day with an alarm of its own, the first with one of all days so far, and the first week.

    ``None`` stands for no alarm.
    """
    applied, layout = pool.apply(scenario), pool.stored.layout
    one: int | None = None
    so_far: int | None = None
    week: int | None = None
    all_days, this_week = Tally(layout), Tally(layout)
    for number, window in enumerate(days(pool, scenario, gradual=gradual, seed=seed)):
        alone = Tally(layout)
        for tally in (alone, all_days, this_week):
            window.count(pool, applied, tally)
        if one is None and judge(pool.stored, alone).alarm:
            one = number + 1
        if so_far is None and judge(pool.stored, all_days).alarm:
            so_far = number + 1
        if number % WEEK == WEEK - 1:
            if week is None and judge(pool.stored, this_week).alarm:
                week = (number + 1) // WEEK
            this_week = Tally(layout)
        if None not in {one, so_far, week}:
            break
    return [one, so_far, week]


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


def first(flags: Iterable[bool]) -> int | None:
    """Return the number of the first window with an alarm."""
    return next((number + 1 for number, flag in enumerate(flags) if flag), None)


def shown(delays_: Iterable[int | None]) -> str:
    """Return the median of delays."""
    middle = median_low(np.inf if delay is None else delay for delay in delays_)
    return "never" if middle == np.inf else f"{middle:.0f}"


def share(flags: Iterable[bool]) -> str:
    """Return in how many of the runs or weeks an alarm was raised, in per cent."""
    return f"{100 * np.mean(list(flags)):.0f} %"


if __name__ == "__main__":
    main()
