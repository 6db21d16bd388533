"""Recourse: how often another loan is approved, the size of the change, and the time of the search.

    taskset -c 0 python benchmarks/recourse.py --models models --tables DIR [--applicants 200]

Takes declined and referred applicants at random. Every option is scored again from raw rows, independently of the
search; exits with 1 where one is not approved or changes anything but the loan. Then 2,000 random loans of each
applicant with an answer are scored, to count those nearer than the answer.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from home_credit.config import Settings
from home_credit.decisioning import recourse
from home_credit.decisioning.recourse.loans import COLUMNS, Loan, Points
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.tables import score_matrix
from home_credit.features.build import feature_matrix
from home_credit.schemas import PredictionRequest, Recourse
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.parquet_rows import ParquetRows  # the reader that the tests compare with


def verified(scorer: Scorer, rows: dict[str, object], found: Recourse) -> int:
    """Return how many options are approved when an application with their loan alone is decided."""
    good = 0
    for option in found.options:
        changed = {change.field: change.new for change in option.changes if change.field != "term"}
        application = {**rows["application"], **changed}  # type: ignore[dict-item]  # a row
        (assessment,) = scorer.assess([parse_bundle({**rows, "application": application})])
        good += (
            changed.keys() <= set(COLUMNS)
            and assessment.decision == "approved"
            and assessment.probability_of_default == option.probability_of_default
        )
    return good


def nearer(scorer: Scorer, rows: dict[str, object], found: Recourse, tries: int, seed: int) -> float:
    """Return the size of the nearest approved loan among random ones, as a share of the size of the answer."""
    bundle, chance = parse_bundle(rows), np.random.default_rng(seed)
    loan = Loan.of(bundle.application, scorer.terms)
    parts = chance.random(tries) * (chance.random(tries) < 0.5)
    months = chance.choice([0, *loan.other_terms], tries)
    loans = loan.alternatives(Points(chance.uniform(0, loan.most_given_up, tries), parts, months))
    loans = loans.where(loans.size < found.options[0].cost)
    if not len(loans):
        return 1.0
    good = scorer.variants(bundle, loans.columns)
    sizes = [size for size, one in zip(loans.size.tolist(), good.tolist(), strict=True)
             if scorer.policy.decide(one) == "approved"]  # fmt: skip
    return min(sizes, default=found.options[0].cost) / found.options[0].cost


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--applicants", type=int, default=200)
    parser.add_argument("--tries", type=int, default=2_000)
    arguments = parser.parse_args()
    scorer, portfolio = Scorer.load(arguments.models, Settings()), ParquetRows(arguments.tables)
    with open_tables(arguments.tables, "test") as source:
        pool = source.applicants[ID].sample(min(20 * arguments.applicants, len(source.applicants)), seed=1)
        scored = score_matrix(scorer, feature_matrix(source.frames, pool, scorer.terms))
    scored = scored.filter(scored["decision"] != "approved")
    chosen = scored.sample(min(arguments.applicants, len(scored)), seed=1, shuffle=True)

    times, busy, costs, tried, shares, levers = [], [], [], [], [], Counter[str]()
    answered, options, good, fragile = Counter[str](), 0, 0, 0
    for applicant, decision in chosen.select(ID, "decision").iter_rows():
        rows = portfolio.bundle(applicant)
        request = PredictionRequest(**rows)
        began, busy_before = time.perf_counter(), time.process_time()
        found = recourse.find(scorer, request)
        times.append(time.perf_counter() - began)
        busy.append(time.process_time() - busy_before)
        tried.append(found.loans_tried)
        options += len(found.options)
        good += verified(scorer, rows, found)
        if found.options:
            answered[decision] += 1
            first = found.options[0]
            costs.append(first.cost)
            shares.append(nearer(scorer, rows, found, arguments.tries, applicant))
            levers[" + ".join(first.levers)] += 1
            fragile += not first.robust
    of = Counter(chosen["decision"].to_list())
    print(
        f"model {scorer.version}, {len(chosen)} applicants not approved, {len(os.sched_getaffinity(0))} core"
    )
    for decision in ("review", "declined"):
        if of[decision]:
            print(
                f"{decision}: {answered[decision]} of {of[decision]} have an answer ({answered[decision] / of[decision]:.0%})"
            )
    for name, seconds in (("wall", times), ("processor", busy)):
        middle, high = np.quantile(seconds, [0.5, 0.95])
        print(f"{name} time: median {middle:.3f} s, 95 % {high:.3f} s, longest {max(seconds):.3f} s")
    print(f"loans tried: median {np.median(tried):.0f}, most {max(tried)}")
    if costs:
        low, middle, high = np.quantile(costs, [0.25, 0.5, 0.75])
        print(
            f"size of the smallest change: median {middle:.3f} (quartiles {low:.3f} and {high:.3f}); not robust {fragile}"
        )
        print(
            "levers of the smallest change: "
            + ", ".join(f"{name} {count}" for name, count in levers.most_common())
        )
    if shares:
        missed = sum(share < 0.98 for share in shares)
        print(
            f"nearer by more than 2 % among {arguments.tries:,} random loans: {missed} of {len(shares)} answered"
            f" ({missed / len(shares):.1%}), nearest at {min(shares):.3f} of what was told"
        )
    print(f"verified: {good} of {options} options are approved when scored again")
    sys.exit(0 if good == options else 1)


if __name__ == "__main__":
    main()
