"""Erasure, retention and export of what a ledger holds of persons, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.decisioning.subject import subject
from home_credit.errors import BrokenRecordError, ErasedDecisionError, LedgerError, ReviewConflictError
from home_credit.ledger import Ledger, erasing
from home_credit.ledger.audit import Verified
from home_credit.ledger.keys import rotate_file
from home_credit.ledger.records import Idempotency, ReviewContent
from home_credit.schemas import DecisionQuery
from support.assessments import a_decision
from support.commands import home_credit
from support.databases import LENGTH_1_0, engine_of, execute, rows_1_0, write_1_0
from support.ledgers import KEYS, open_ledger

if TYPE_CHECKING:
    import subprocess

SECRETS = ("Irene-Smith", "a-note-on-her-divorce", "external_scores", "900001")
REVIEW = ReviewContent(reviewer="A. Martin", decision="approved", reason="a-note-on-her-divorce")
BEGINNING, END = date(1970, 1, 1), date(9999, 12, 31)
HER, HIM = 900001, 900002


def _filled(ledger: Ledger) -> list[str]:
    """Record six decisions, two of them on her and reviewed; return their ids."""
    keyed = {"idempotency": Idempotency.of("caller", "key", b"request")}
    hers = a_decision(HER, NAME="Irene-Smith").model_copy(update=keyed)
    contents = [a_decision(HIM), hers, a_decision(HIM), a_decision(HER), a_decision(HIM), a_decision(HIM)]
    ids = [ledger.append(content).decision_id for content in contents]
    for decision_id in ids[1:4]:
        ledger.review(decision_id, REVIEW)
    return ids


def _stored(url: str) -> bytes:
    """Return everything that a database holds, of SQLite with what is not in use in its files."""
    if url.startswith("sqlite"):
        files = [Path(url.removeprefix("sqlite:///") + end) for end in ("", "-wal")]
        return b"".join(file.read_bytes() for file in files if file.exists())
    with engine_of(url).connect() as connection:
        tables = ("decisions", "reviews", "payload_keys", "erasures", "daily_counts", "review_counts")
        rows = [tuple(row) for name in tables for row in connection.exec_driver_sql(f"SELECT * FROM {name}")]  # noqa: S608
        return repr(rows).encode()


def test_what_is_recorded_can_be_read_with_the_key_alone(url: str, ledger: Ledger) -> None:
    _filled(ledger)
    ledger._database.empty_log()
    stored = _stored(url)
    # The columns that decisions are searched by are plain; the number of an applicant is one of them.
    assert not [secret for secret in SECRETS[:3] if secret.encode() in stored]


def test_an_erased_person_leaves_nothing_and_the_chain_is_whole(url: str, ledger: Ledger) -> None:
    ids = _filled(ledger)
    keys = _rows(url, "SELECT wrapped FROM payload_keys WHERE sequence IN (2, 4)")
    content = _rows(url, "SELECT payload FROM decisions WHERE applicant_id = 900001")
    assert ledger.privacy.erase(HER) == 2
    assert ledger.audit() == Verified(6 + 3 + 1, 2)
    stored = _stored(url)
    # Nothing of it is left in a file of SQLite, where deleted content usually stays.
    gone = [key[0] for key in keys] + [payload[0] for payload in content] if url.startswith("sqlite") else []
    assert not [part for part in gone if part in stored]
    assert str(HER).encode() not in stored
    for decision_id in (ids[1], ids[3]):
        with pytest.raises(ErasedDecisionError, match=f"decision {decision_id} was erased"):
            ledger.read(decision_id)
        with pytest.raises(ErasedDecisionError):
            ledger.review(decision_id, REVIEW)
    assert list(ledger.privacy.of_applicant(HER)) == []
    assert ledger.search(DecisionQuery(applicant=HER)).found == []
    assert [each.entry.decision_id for each in ledger.search(DecisionQuery()).found] == [
        ids[5], ids[4], ids[2], ids[0],
    ]  # fmt: skip
    # Counts are of what is held.
    assert sum(count.decisions for _, count in ledger.daily_counts(BEGINNING, END)) == 4
    assert sum(count.reviews for count in ledger.review_statistics(BEGINNING, END).counts) == 1
    assert ledger.find_by_idempotency(Idempotency.of("caller", "key", b"").key) is None
    # It goes on, and can be asked for again.
    assert ledger.privacy.erase(HER) == 0
    ledger.append(a_decision(HER))
    assert ledger.audit() == Verified(6 + 3 + 1 + 1, 2)
    assert ledger.recount() == 11
    assert ledger.audit().erased == 2
    lines: list[dict[str, Any]] = list(ledger.export())
    assert [line["sequence"] for line in lines if "erased" in line] == [2, 4, 1, 3]
    assert lines[-1]["record"]["decisions"] == [[2, 2], [4, 4]]


def _rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with engine_of(url).connect() as connection:
        return [tuple(bytes(part) for part in row) for row in connection.exec_driver_sql(statement)]


TAMPERINGS = [
    ("UPDATE decisions SET applicant_id = NULL WHERE sequence = 1", "record 1 .* column applicant_id"),
    ("DELETE FROM payload_keys WHERE sequence = 1", "record 1 .* its key is missing, and it was not erased"),
    ("UPDATE payload_keys SET wrapped = (SELECT wrapped FROM payload_keys WHERE sequence = 3) WHERE sequence = 1",
     "record 1 .* cannot be decrypted"),
    ("UPDATE payload_keys SET sequence = 2 WHERE sequence = 1", "record 1 .* key is missing"),
    ("INSERT INTO payload_keys SELECT 2, wrapped FROM payload_keys WHERE sequence = 1",
     "record 2 .* it was erased, but content is there"),
    ("INSERT INTO payload_keys SELECT 77, wrapped FROM payload_keys WHERE sequence = 1",
     "a key of decisions record 77"),
    ("UPDATE decisions SET applicant_id = 900001 WHERE sequence = 2", "record 2 .* but applicant_id is there"),
    ("UPDATE decisions SET recorded_at = '2020' WHERE sequence = 2", "record 2 .* its tombstone"),
    ("UPDATE decisions SET erased = NULL WHERE sequence = 2", "record 2 .* was changed: its hash"),
    ("UPDATE decisions SET erased = (SELECT erased FROM decisions WHERE sequence = 4) WHERE sequence = 2",
     "record 2 .* its tombstone"),
    ("UPDATE decisions SET erased = (SELECT erased FROM decisions WHERE sequence = 2) WHERE sequence = 1",
     "record 1 .* its tombstone"),
    ("UPDATE reviews SET erased = NULL WHERE sequence = 1", "reviews record 1 .* was changed"),
    ("UPDATE reviews SET state = 'reviewed' WHERE sequence = 1", "reviews record 1 .* but state is there"),
    ("DELETE FROM erasures", "erasures record 1 is missing"),
    ("UPDATE erasures SET payload = '{}'::bytea", "erasures record 1 was changed"),
    ("UPDATE chain_heads SET sequence = 0, hash = repeat('0', 64) WHERE chain = 'erasures'",
     "the head of erasures was changed"),
    ("UPDATE daily_counts SET decisions = decisions + 2", "daily counts"),
    ("UPDATE review_counts SET reviews = reviews + 2", "counts of reviews"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "complaint"), TAMPERINGS)
def test_what_is_emptied_without_an_erasure_is_found(url: str, statement: str, complaint: str) -> None:
    with closing(open_ledger(url)) as ledger:
        _filled(ledger)
        ledger.privacy.erase(HER)
        assert execute(url, statement) >= 1
        with pytest.raises(BrokenRecordError, match=complaint):
            ledger.audit()


def test_who_lacks_the_key_cannot_erase(url: str, ledger: Ledger) -> None:
    """The state after an erasure, put into a ledger in which nothing was erased, without its record."""
    _filled(ledger)
    heads = "SELECT sequence, hash, signature FROM chain_heads WHERE chain = 'erasures'"
    with engine_of(url).connect() as connection:
        before = connection.exec_driver_sql(heads).one()
    ledger.privacy.erase(HER)
    execute(url, "DELETE FROM erasures")
    place, own, signature = before
    execute(
        url,
        f"UPDATE chain_heads SET sequence = {place}, hash = '{own}', signature = '{signature}' "  # noqa: S608
        "WHERE chain = 'erasures'",
    )
    with pytest.raises(BrokenRecordError, match="record 2 .* was emptied, but no erasure names it"):
        ledger.verify()


def test_records_are_kept_as_long_as_they_are_needed(
    url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 3)
    ledger.append_many([a_decision(number) for number in range(1, 9)])
    time.sleep(0.002)
    since = datetime.now(UTC)
    ledger.append(a_decision(9))
    assert ledger.privacy.retain(since - timedelta(days=1)) == 0
    assert ledger.privacy.retain(since) == 8
    assert ledger.privacy.retain(since) == 0
    assert ledger.audit() == Verified(9 + 3, 8)
    (left,) = ledger.search(DecisionQuery()).found
    assert left.entry.applicant_id == 9


def test_records_of_every_format_are_erased(url: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write_1_0(url)
    first = json.loads(str(rows_1_0("decisions")[0]["assessment"]))["SK_ID_CURR"]
    with closing(open_ledger(url)) as ledger:
        # Its key is made with the review, which is encrypted.
        (history, *_) = ledger.privacy.of_applicant(first)
        if not history.reviews and history.decision.assessment.decision != "approved":
            ledger.review(history.decision.decision_id, REVIEW)
        ledger.append(a_decision(HER))
        before = ledger.verify()
        assert ledger.privacy.erase(first) >= 1
        assert ledger.privacy.retain(datetime.now(UTC)) >= len(rows_1_0("decisions")) - 3
        found = ledger.audit()
        assert (found.records - before, found.erased) == (2, len(rows_1_0("decisions")) + 1)
        assert found.records > LENGTH_1_0
        assert ledger.daily_counts(BEGINNING, END) == []
        assert ledger.review_statistics(BEGINNING, END).counts == []
        names = {line["hash"] for line in ledger.export()}
        assert {row["hash"] for row in rows_1_0("decisions")} < names


@settings(max_examples=15)
@given(data=st.data())
def test_any_erasures_and_the_rest_stays(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with closing(Ledger.open(f"sqlite:///{folder}/ledger.db", KEYS, anchors=folder / "anchors")) as ledger:
        applicants = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=10))
        entries = ledger.append_many([a_decision(applicant) for applicant in applicants])
        for place in data.draw(st.sets(st.integers(0, len(entries) - 1))):
            ledger.review(entries[place].decision_id, REVIEW)
        ledger.anchor()
        gone = data.draw(st.lists(st.integers(1, 5), max_size=3))
        for applicant in gone:
            ledger.privacy.erase(applicant)
        assert ledger.audit().erased == sum(applicant in gone for applicant in applicants)
        for entry in entries:
            if entry.applicant_id in gone:
                with pytest.raises(ErasedDecisionError):
                    ledger.prove(entry.decision_id)
            else:
                assert ledger.read(entry.decision_id).decision == entry
                # The path leads past what was erased.
                assert ledger.prove(entry.decision_id).check(KEYS) == entry


def test_a_person_gets_everything_that_is_held(ledger: Ledger) -> None:
    ids = _filled(ledger)
    held = json.loads(json.dumps(subject(HER, ledger, None)))
    assert (held["SK_ID_CURR"], held["applicant"]) == (HER, None)
    assert [decision["decision_id"] for decision in held["decisions"]] == [ids[1], ids[3]]
    first = held["decisions"][0]
    assert first["bundle"]["application"]["NAME"] == "Irene-Smith"
    assert first["assessment"]["reasons"][0]["text"]["fr"] == "Scores externes"
    assert first["policy"]["cut_off"] > 0
    assert [review["reason"] for review in first["reviews"]] == [REVIEW.reason]
    assert subject(5, ledger, None)["decisions"] == []


def test_a_restored_backup_brings_nobody_back(url: str, tmp_path: Path) -> None:
    anchors, backup = tmp_path / "anchors", tmp_path / "backup.db"
    with closing(Ledger.open(url, KEYS, anchors=anchors)) as ledger:
        ids = _filled(ledger)
        ledger.copy_to(f"sqlite:///{backup}")
        late = ledger.append(a_decision(HER)).decision_id
        assert ledger.privacy.erase(HER) == 3
        ledger.anchor()
    # The last anchor says that the backup is not all that there was.
    with pytest.raises(LedgerError, match="but the anchor of .* says"):
        Ledger.open(f"sqlite:///{backup}", KEYS, anchors=anchors, create=False)
    restored = tmp_path / "restored.db"
    with closing(Ledger.open(f"sqlite:///{backup}", KEYS, create=False)) as copy:
        assert copy.audit() == Verified(6 + 3, 0)
        copy.copy_to(f"sqlite:///{restored}", erasures=anchors)
    with closing(Ledger.open(f"sqlite:///{restored}", KEYS)) as ledger:
        assert ledger.audit() == Verified(6 + 3 + 1, 2)
        with pytest.raises(ErasedDecisionError):
            ledger.read(ids[1])
        assert b"900001" not in restored.read_bytes()
        # Another decision has the place of the one that the backup lacked, and stays.
        again = ledger.append(a_decision(HIM))
        assert again.decision_id != late
        assert ledger.privacy.erase_again(anchors) == 0
        assert ledger.read(again.decision_id).decision == again
    # A file that was put in the place of the ledger.
    shutil.copy(backup, tmp_path / "copied.db")
    with closing(Ledger.open(f"sqlite:///{tmp_path}/copied.db", KEYS)) as ledger:
        assert ledger.privacy.erase_again(anchors) == 2
        assert ledger.audit().erased == 2
    (file,) = anchors.glob("erasure-*.json")
    assert str(HER) not in file.read_text()
    file.write_text(file.read_text().replace("[2,2]", "[1,1]").replace("2,\n", "1,\n"))
    with (
        closing(Ledger.open(f"sqlite:///{backup}", KEYS)) as ledger,
        pytest.raises(BrokenRecordError, match="the erasure .* was changed"),
    ):
        ledger.privacy.erase_again(anchors)


def test_an_erasure_is_copied_and_outlives_a_change_of_the_key(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/copy/ledger.db"
    with closing(Ledger.open(url)) as ledger:
        _filled(ledger)
        ledger.privacy.erase(HER)
    rotate_file(tmp_path / "ledger.db.key")
    with closing(Ledger.open(url)) as ledger:
        ledger.append(a_decision(7))
        assert ledger.privacy.erase(HIM) == 4
        expected = ledger.audit()
        ledger.copy_to(copy)
    shutil.copy(tmp_path / "ledger.db.key", tmp_path / "copy/ledger.db.key")
    with closing(Ledger.open(copy)) as copied:
        assert copied.audit() == expected == Verified(7 + 3 + 2, 6)


def test_a_second_reader_confirms_an_override_or_not(ledger: Ledger) -> None:
    upheld, other = (ledger.append(a_decision(number)).decision_id for number in (1, 2))
    for decision_id, decision in ((upheld, "declined"), (other, "approved")):
        content = REVIEW.model_copy(update={"decision": decision})
        state = ledger.review(decision_id, content, second_reader=True).state
        assert state == ("second" if decision == "approved" else "reviewed")
    found = ledger.search(DecisionQuery(review="second")).found
    assert [(each.entry.decision_id, each.review) for each in found] == [(other, "second")]
    with pytest.raises(ReviewConflictError, match="another person"):
        ledger.review(other, REVIEW.model_copy(update={"reviewer": "a. MARTIN "}), second_reader=True)
    # Also once the setting is off: what awaits a second reader goes on to.
    second = ledger.review(other, REVIEW.model_copy(update={"reviewer": "B. Petit", "decision": "declined"}))
    assert second.state == "reviewed"
    for decision_id in (upheld, other):
        with pytest.raises(ReviewConflictError, match="reviewed before"):
            ledger.review(decision_id, REVIEW.model_copy(update={"reviewer": "C. Roux"}))
    statistics = ledger.review_statistics(BEGINNING, END)
    assert (statistics.reviewers, statistics.waiting) == (2, {"open": 0, "second": 0})
    assert ledger.verify() == 5


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE decisions SET review = 'reviewed'", "record 1 was changed: its column review"),
        ("UPDATE reviews SET state = 'reviewed'", "reviews record 1 .* column state"),
        ("UPDATE review_counts SET reviewer = repeat('0', 64)", "counts of reviews"),
        ("UPDATE review_counts SET reason_code = 'data_error'", "counts of reviews"),
        ("DELETE FROM review_counts", "counts of reviews"),
    ],
)
def test_changed_reviews_are_found_and_counts_are_mended(
    url: str, ledger: Ledger, statement: str, complaint: str
) -> None:
    ledger.review(ledger.append(a_decision()).decision_id, REVIEW, second_reader=True)
    assert ledger.verify() == 2
    if "repeat" in statement and not url.startswith("sqlite"):
        statement = statement.replace("64", "16")
    execute(url, statement)
    with pytest.raises(BrokenRecordError, match=complaint):
        ledger.verify()
    if "review_counts" in statement:
        ledger.recount()
        assert ledger.verify() == 2


def test_the_commands(tmp_path: Path, applicants_url: str) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    environment = {
        "DATABASE_URL": url,
        "LEDGER_ANCHORS": str(tmp_path / "anchors"),
        "APPLICANTS_URL": applicants_url,
    }
    with closing(Ledger.open(url)) as ledger:
        ids = _filled(ledger)

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return home_credit("ledger", *arguments, environment=environment)

    held = json.loads(command("subject", str(HER)).stdout)
    assert [decision["decision_id"] for decision in held["decisions"]] == [ids[1], ids[3]]
    assert command("backup", str(tmp_path / "backup.db")).returncode == 0
    assert command("erase", str(HER)).stdout == "2 decisions erased\n"
    assert command("verify").stdout == "10 records, chain intact; 2 decisions were erased\n"
    assert "was erased" in command("prove", ids[1]).stderr
    missing = command("retain")
    assert (missing.returncode, "say how long" in missing.stderr) == (2, True)
    assert command("retain", "--days", "1").stdout.startswith("0 decisions before")
    (tmp_path / "new").mkdir()
    shutil.copy(tmp_path / "ledger.db.key", tmp_path / "new/ledger.db.key")
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/new/ledger.db"
    assert command("restore", str(tmp_path / "backup.db")).returncode == 0
    assert command("verify").stdout == "10 records, chain intact; 2 decisions were erased\n"
    assert command("erase-again").stdout == "0 decisions erased again\n"
