"""A known applicant on the way to a decision, without HTTP: with ready features, and from the raw rows.

    python benchmarks/known_applicant.py --models models --tables DIR [--applicants 500] [--at-most 0.5]

Loads the tables into a store, then takes applicants in blocks, each side in turn: one reads the application and the
features of the histories, the other the raw rows, and computes the features of the histories. Prints CPU milliseconds
by step, then those of groups with their record in SQLite and their answers, and exits with 1 where an assessment differs
or where ready features take more than ``--at-most`` at the median.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from home_credit.applicants import ApplicantStore
from home_credit.applicants.loading import current_features, load
from home_credit.config import Settings
from home_credit.decisioning.assessment import assemble
from home_credit.decisioning.factory import decision_service
from home_credit.decisioning.known import known_bundle
from home_credit.decisioning.pipeline import COMPUTED_TOGETHER
from home_credit.decisioning.requests import KnownRequest
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.service import Prepared
from home_credit.ledger import Ledger
from home_credit.schemas import Decision
from home_credit.tables.bundle import parse_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.applicants import KnownApplicant
    from home_credit.schemas import Assessment
    from home_credit.tables.bundle import ParsedBundle

STEPS = (
    "read",
    "rows to columns and checks",
    "features",
    "probability and contributions",
    "decision and reasons",
)
WARM_UP = 50
BLOCK = 50


def assessed(
    store: ApplicantStore, scorer: Scorer, applicant: int, parse: Callable[[KnownApplicant], ParsedBundle]
) -> tuple[Assessment, list[float]]:
    """Return the assessment of an applicant and the CPU milliseconds of each step."""
    times = [time.process_time()]
    held = store.read(applicant)
    times.append(time.process_time())
    bundle = parse(held)
    times.append(time.process_time())
    rows = scorer.computer.compute([bundle])
    times.append(time.process_time())
    scores = scorer.model.score(rows)
    times.append(time.process_time())
    (assessment,) = assemble(
        [bundle],
        rows,
        scores,
        features=scorer.features,
        medians=scorer.model.preprocessor.medians,
        model_version=scorer.version,
        by=scorer.policy,
    )
    times.append(time.process_time())
    return assessment, [1000 * step for step in np.diff(times)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--applicants", type=int, default=500)
    parser.add_argument("--at-most", type=float, default=0.5, help="CPU milliseconds")
    arguments = parser.parse_args()
    scorer = Scorer.load(arguments.models, Settings())
    with TemporaryDirectory() as folder:
        load(arguments.tables, f"sqlite:///{folder}/applicants.db", current_features())
        with closing(ApplicantStore.open(f"sqlite:///{folder}/applicants.db")) as store:
            status = compare(store, scorer, arguments.applicants, arguments.at_most)
            with closing(Ledger.open(f"sqlite:///{folder}/ledger.db")) as ledger:
                recorded(store, scorer, ledger, arguments.applicants)
    sys.exit(status)


def compare(store: ApplicantStore, scorer: Scorer, applicants: int, at_most: float) -> int:
    ids = store.applicants(limit=min(1000, WARM_UP + applicants))
    sides = {"ready": known_bundle, "raw": lambda held: parse_bundle(held.bundle)}
    for applicant in ids[:WARM_UP]:
        for parse in sides.values():
            assessed(store, scorer, applicant, parse)
    # As the service does once its resources are loaded.
    gc.collect()
    gc.freeze()
    times: dict[str, list[list[float]]] = {name: [] for name in sides}
    differ, measured = 0, ids[WARM_UP:]
    for start in range(0, len(measured), BLOCK):
        outcomes: dict[str, list[Assessment]] = {name: [] for name in sides}
        for name, parse in sides.items():
            for applicant in measured[start : start + BLOCK]:
                assessment, steps = assessed(store, scorer, applicant, parse)
                outcomes[name].append(assessment)
                times[name].append(steps)
        differ += sum(one != other for one, other in zip(*outcomes.values(), strict=True))
    print("| step | ready features, ms | 95 % | from raw rows, ms | 95 % |\n| --- | --- | --- | --- | --- |")
    for number, step in enumerate(STEPS):
        print(line(step, *([steps[number] for steps in times[name]] for name in sides)))
    ready, raw = ([sum(steps) for steps in times[name]] for name in sides)
    print(line("together", ready, raw))
    print(line(f"together, in groups of {COMPUTED_TOGETHER}", in_groups(store, scorer, measured), raw))
    print(
        f"{differ} of {len(ready)} assessments differ; the middle one, and one in twenty takes longer than the second"
    )
    return 1 if differ or np.median(ready) > at_most else 0


def in_groups(store: ApplicantStore, scorer: Scorer, applicants: list[int]) -> list[float]:
    """Return the CPU milliseconds of an applicant where a group is computed at once, one number for each group."""
    times = []
    for start in range(0, len(applicants), COMPUTED_TOGETHER):
        group = applicants[start : start + COMPUTED_TOGETHER]
        began = time.process_time()
        scorer.assess([known_bundle(store.read(applicant)) for applicant in group])
        times.append(1000 * (time.process_time() - began) / len(group))
    return times


def recorded(store: ApplicantStore, scorer: Scorer, ledger: Ledger, applicants: int) -> None:
    """Print the CPU milliseconds of an applicant where groups are decided, recorded and answered."""
    service = decision_service(Settings(), scorer=scorer, applicants=store, ledger=ledger)
    ids, steps = store.applicants(limit=min(1000, WARM_UP + applicants)), ("decided", "recorded", "answered")
    times: list[list[float]] = []
    for start in range(0, len(ids), COMPUTED_TOGETHER):
        group = [KnownRequest(each) for each in ids[start : start + COMPUTED_TOGETHER]]
        moments = [time.process_time()]
        prepared = [each for each in service.prepare(group) if isinstance(each, Prepared)]
        moments.append(time.process_time())
        decisions = [each for each in service.record(prepared) if isinstance(each, Decision)]
        moments.append(time.process_time())
        answers = [each.model_dump_json() for each in decisions]
        moments.append(time.process_time())
        if len(answers) != len(group):
            sys.exit("a decision failed")
        times.append([1000 * step / len(group) for step in np.diff(moments)])
    print(f"\n| in groups of {COMPUTED_TOGETHER} | ms | 95 % |\n| --- | --- | --- |")
    for number, step in enumerate(steps):
        print(line(step, [each[number] for each in times[1:]]))
    print(line("together", [sum(each) for each in times[1:]]))


def line(name: str, *sides: list[float]) -> str:
    """Return a line of the table: median and 95 % of each side."""
    figures = [f"{np.median(side):.3f} | {np.quantile(side, 0.95):.3f}" for side in sides]
    return f"| {name} | {' | '.join(figures)} |"


if __name__ == "__main__":
    main()
