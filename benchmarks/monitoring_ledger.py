"""Time and memory of a verdict on recorded decisions.

    python benchmarks/monitoring_ledger.py --applicants sqlite:///data/applicants.db [--entries 100000]

Known applicants are decided on once; their decisions are then recorded again and again, with their rows, in a ledger in a
temporary folder. The verdict is that of `home-credit drift --ledger`, first with no day counted before.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from home_credit.applicants import ApplicantStore
from home_credit.config import Settings
from home_credit.decisioning import records
from home_credit.decisioning.requests import KnownRequest
from home_credit.decisioning.scoring import Scorer
from home_credit.ledger import Ledger
from home_credit.monitoring.recorded import run

APPLICANTS, GROUP = 1_000, 500


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--applicants", required=True, help="address of the store of applicants")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--models", type=Path, default=Path("models"))
    arguments = parser.parse_args()
    scorer = Scorer.load(arguments.models, Settings())
    with tempfile.TemporaryDirectory() as folder:
        with closing(Ledger.open(f"sqlite:///{folder}/ledger.db")) as ledger:
            fill(ledger, scorer, arguments.applicants, arguments.entries)
            before, began = time.process_time(), time.monotonic()
            today = datetime.now(UTC).date()
            verdict = run(ledger, arguments.models, scorer.policy, Path(folder), first=today, last=today)
            cpu, wall = time.process_time() - before, time.monotonic() - began
        size = Path(folder, "ledger.db").stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{arguments.entries:,} entries ({size:,.0f} MB): {cpu:.1f} s CPU, {wall:.1f} s, peak {peak:.2f} GiB;"
        f" {verdict.current_rows:,} with rows, {verdict.tests} tests"
    )


def fill(ledger: Ledger, scorer: Scorer, applicants: str, entries: int) -> None:
    """Record ``entries`` decisions on known applicants."""
    with closing(ApplicantStore.open(applicants)) as store:
        asked = [
            KnownRequest(applicant, None).checked(lambda: store)
            for applicant in store.applicants(limit=APPLICANTS)
        ]
        decided = [(scorer.assess([each.parsed])[0], each.stored) for each in asked]
    again = islice(cycle(decided), entries)
    while group := list(islice(again, GROUP)):
        ledger.commit([
            records.draft(
                said, stored, scorer.policy, definitions_version=scorer.definitions_version
            )
            for said, stored in group
        ])  # fmt: skip


if __name__ == "__main__":
    main()
