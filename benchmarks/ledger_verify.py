"""What `ledger verify` of a long ledger takes: wall time, CPU and memory of a process that does nothing else.

    python benchmarks/ledger_verify.py --records 1000000 --applicants sqlite:///data/applicants.db [--keep FILE]

The ledger is filled by the writer that the API uses, in groups of 1,000, with decisions on a hundred known applicants, each
encrypted by itself; that takes four minutes for a million. Some referrals are reviewed, and one applicant is erased.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from ledger_entries import KEYS, makers

from home_credit.applicants import ApplicantStore
from home_credit.ledger import Ledger
from home_credit.ledger.drafts import Recorded
from home_credit.ledger.records import ReviewContent

AT_ONCE, KINDS = 1_000, 100


def fill(url: str, applicants: str, models: Path, records: int) -> None:
    """Record so many decisions."""
    made, _ = makers(applicants, models)
    review = ReviewContent(reviewer="A. Martin", decision="declined", reason="The income was not proved")
    with closing(Ledger.open(url, KEYS)) as ledger:
        for start in range(0, records, AT_ONCE):
            drafts = [made[number % KINDS]() for number in range(min(AT_ONCE, records - start))]
            ids = [each.decision_id for each in ledger.commit(drafts) if isinstance(each, Recorded)]
            open_ones = [
                one for one, draft in zip(ids, drafts, strict=True) if draft.columns["review"] == "open"
            ]
            for decision_id in open_ones[: AT_ONCE // 100]:
                ledger.review(decision_id, review)
            print(f"\r{start + len(drafts):,} recorded", end="", flush=True)
        print()
        with closing(ApplicantStore.open(applicants)) as store:
            (first, *_) = store.applicants(limit=1)
        print(f"{ledger.privacy.erase(first):,} erased, those on applicant {first}")


def verify(url: str) -> None:
    """Verify the ledger and print what it took."""
    with closing(Ledger.open(url, KEYS, create=False)) as ledger:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall, cpu = time.perf_counter(), time.process_time()
        found = ledger.audit()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{found.records:,} records, {found.erased:,} decisions erased: {wall:.1f} s, {cpu:.1f} s of CPU, "
        f"{cpu / found.records * 1e6:.0f} µs each; at most {most:.0f} MB of memory, {before:.0f} MB before"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--applicants", default="sqlite:///data/applicants.db")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--keep", type=Path, help="ledger to fill, or to verify where it is there already")
    parser.add_argument("--verify", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.verify:
        verify(f"sqlite:///{options.keep}")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = options.keep or Path(folder) / "ledger.db"
        if not file.exists():
            fill(f"sqlite:///{file}", options.applicants, options.models, options.records)
        print(f"{file.stat().st_size / 1e9:.2f} GB")
        # A process of its own: its memory is that of the verification alone.
        subprocess.run([sys.executable, __file__, "--verify", "--keep", str(file)], check=True)


if __name__ == "__main__":
    main()
