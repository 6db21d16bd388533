"""Checks reasons of many applicants against their raw rows, and counts vague ones.

python benchmarks/reason_checks.py --models models --tables DIR [--applicants 5000]
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from pathlib import Path

from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.default_risk.reasons import MAX_REASONS
from home_credit.tables.bundle import parse_bundle
from home_credit.validation.reason_checks import can_judge, false_statements

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.parquet_rows import ParquetRows  # the reader that the tests compare with

VAGUE = re.compile(r"higher risk|lower risk|associated|carries|either")


def main() -> None:
    """Print the figures; exit with 1 where a reason is false."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--applicants", type=int, default=5_000)
    arguments = parser.parse_args()
    scorer, known = Scorer.load(arguments.models, Settings()), ParquetRows(arguments.tables)
    everybody = known.applicants(limit=10**9)
    every = max(1, len(everybody) // arguments.applicants)
    applicants = everybody[::every][: arguments.applicants]
    false, adverse, vague, judged, told, codes = 0, 0, 0, 0, 0, Counter[str]()
    began = time.process_time()
    for applicant in applicants:
        rows = known.bundle(applicant)
        (assessment,) = scorer.assess([parse_bundle(rows)])
        problems = list(false_statements(rows, assessment.reasons))
        false += bool(problems)
        for problem in problems[:2]:
            print(applicant, problem, flush=True)
        if assessment.decision == "approved":
            continue
        adverse += 1
        principal = assessment.reasons[:MAX_REASONS]
        told += len(principal)
        vague += sum(bool(VAGUE.search(reason.text.en)) for reason in principal)
        judged += sum(map(can_judge, principal))
        codes.update({reason.code for reason in principal})
    print(
        f"{len(applicants):,} applicants of {arguments.tables.name}: {false} with a false reason among all reasons"
    )
    print(f"{adverse:,} adverse notices, {told:,} principal reasons: {vague / max(told, 1):.1%} vague, the fact of"
          f" {judged / max(told, 1):.0%} computed a second time")  # fmt: skip
    print(
        "most frequent codes:",
        ", ".join(f"{code} {count / adverse:.0%}" for code, count in codes.most_common(8)),
    )
    print(
        f"{(time.process_time() - began) / len(applicants) * 1000:.1f} ms of CPU each, the reading of Parquet included"
    )
    sys.exit(1 if false else 0)


if __name__ == "__main__":
    main()
