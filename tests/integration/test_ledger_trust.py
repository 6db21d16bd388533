# ruff: noqa: S608  (statements of constants)
"""Keys, anchors and proofs: somebody who may change the database, but has no key, changes nothing unnoticed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from home_credit.errors import BrokenRecordError, LedgerError, UnknownDecisionError
from home_credit.ledger import Ledger
from home_credit.ledger.anchors import read_file
from home_credit.ledger.keys import Key, Keyring, create_file, new_secret, rotate_file
from home_credit.ledger.merkle import leaf, path, root, root_of_path
from home_credit.ledger.proofs import Proof
from home_credit.ledger.records import ReviewContent
from home_credit.ledger.schema import metadata
from support.assessments import a_decision
from support.commands import home_credit
from support.databases import drop_everything, engine_of, write_1_0
from support.ledger_writer import append
from support.ledgers import KEYS, SECRET, open_ledger
from support.processes import PROCESSES

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

REVIEW = ReviewContent(reviewer="A. Martin", decision="approved", reason="Guarantor found")
LENGTHS = {"decisions": 12, "reviews": 4}
EARLIER = 7  # decisions that an earlier copy holds


class Kept(NamedTuple):
    """A folder with a ledger, an earlier copy of it, and the anchors of both."""

    folder: Path
    decision_ids: list[str]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept")
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", KEYS, anchors=folder / "anchors")
    decision_ids = []
    for number in range(1, LENGTHS["decisions"] + 1):
        decision_ids.append(ledger.append(a_decision(number)).decision_id)
        if number % 3 == 0:
            ledger.review(decision_ids[-1], REVIEW)
        if number == EARLIER:
            ledger.anchor()
            _copy(folder / "ledger.db", folder / "earlier.db")
    ledger.anchor()
    assert ledger.verify() == sum(LENGTHS.values())
    ledger.close()
    _copy(folder / "ledger.db", folder / "whole.db")
    return Kept(folder, decision_ids)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


Tampering = tuple[str, "Callable[[Path, Path], None]"]


@dataclass(frozen=True)
class Sql:
    """Statements that are a tampering."""

    statements: tuple[str, ...]

    def __call__(self, file: Path, _folder: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            changed = sum(connection.execute(statement).rowcount for statement in self.statements)
            assert changed != 0
            connection.commit()


def _sql(*statements: str) -> Sql:
    return Sql(statements)


COLUMNS = {
    "decisions": (
        "sequence", "format", "payload", "previous_hash", "hash", "decision_id", "recorded_at", "applicant_id",
        "decision", "grade", "model_version", "simulation", "key_id", "bundle", "idempotency_key", "review",
        "erased",
    ),
    "reviews": (
        "sequence", "format", "payload", "previous_hash", "hash", "decision_id", "recorded_at", "key_id", "state", "erased",
    ),
    "chain_heads": ("sequence", "hash", "key_id", "signature"),
    "payload_keys": ("sequence", "wrapped"),
}  # fmt: skip
other_values = st.sampled_from(
    [None, 0, 2, -5, 10**6, "", "x", "reviewed", "open", "0" * 64, b"", b"{}", 0.5]
)


@st.composite
def edits(draw: st.DrawFn) -> Tampering:
    table = draw(st.sampled_from(list(COLUMNS)))
    column, value = draw(st.sampled_from(COLUMNS[table])), draw(other_values)
    row = draw(st.integers(1, LENGTHS.get(table, 2)))
    where = f"rowid = {row} AND {column} IS NOT :value"
    # NOT NULL of the schema is no obstacle to somebody who may change it.
    return f"edit {table}.{column} of {row} to {value!r}", _edit(table, column, where, value)


def _edit(table: str, column: str, where: str, value: object) -> Callable[[Path, Path], None]:
    def tamper(file: Path, _folder: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            loosened = f"CREATE TABLE loose AS SELECT * FROM {table}"  # without constraints
            for statement in (loosened, f"DROP TABLE {table}", f"ALTER TABLE loose RENAME TO {table}"):
                connection.execute(statement)
            if not connection.execute(
                f"UPDATE {table} SET {column} = :value WHERE {where}", {"value": value}
            ).rowcount:
                connection.execute(
                    f"UPDATE {table} SET {'hash' if 'hash' in COLUMNS[table] else 'wrapped'} = 'other'"
                )
            connection.commit()

    return tamper


@st.composite
def drops(draw: st.DrawFn) -> Tampering:
    table = draw(st.sampled_from(list(LENGTHS)))
    rows = draw(st.sets(st.integers(1, LENGTHS[table]), min_size=1))
    return f"drop {rows} of {table}", _sql(
        f"DELETE FROM {table} WHERE sequence IN ({', '.join(map(str, rows))})"
    )


@st.composite
def cuts(draw: st.DrawFn) -> Tampering:
    """The last entries are removed and the head is set back to the one before them."""
    table = draw(st.sampled_from(list(LENGTHS)))
    left = draw(st.integers(0, LENGTHS[table] - 1))
    last = f"COALESCE((SELECT hash FROM {table} WHERE sequence = {left}), '{'0' * 64}')"
    head = f"UPDATE chain_heads SET sequence = {left}, hash = {last} WHERE chain = '{table}'"
    states = "UPDATE decisions SET review = NULL WHERE decision_id NOT IN (SELECT decision_id FROM reviews)"
    return f"cut {table} after {left}", _sql(f"DELETE FROM {table} WHERE sequence > {left}", head, states)


@st.composite
def reorders(draw: st.DrawFn) -> Tampering:
    table = draw(st.sampled_from(list(LENGTHS)))
    one, other = sorted(draw(st.sets(st.integers(1, LENGTHS[table]), min_size=2, max_size=2)))
    moves = [(one, -1), (other, one), (-1, other)]
    statements = [f"UPDATE {table} SET sequence = {new} WHERE sequence = {old}" for old, new in moves]
    return f"swap {one} and {other} of {table}", _sql(*statements)


@st.composite
def insertions(draw: st.DrawFn) -> Tampering:
    """A copy of an entry, with an id of its own, is put at the end or in between."""
    source = draw(st.integers(1, LENGTHS["decisions"]))
    place = draw(st.integers(1, LENGTHS["decisions"] + 1))
    names = "format, payload, previous_hash, hash, recorded_at, applicant_id, decision, grade, model_version, simulation, key_id, bundle"
    rest = LENGTHS["decisions"]
    return f"copy {source} to {place}", _sql(
        f"UPDATE decisions SET sequence = -sequence WHERE sequence >= {place}",
        f"INSERT INTO decisions (sequence, decision_id, {names}) SELECT {place}, 'copy', {names} FROM decisions "
        f"WHERE sequence IN ({source}, -{source})",
        "UPDATE decisions SET sequence = 1 - sequence WHERE sequence < 0",
        f"UPDATE chain_heads SET sequence = {rest + 1} WHERE chain = 'decisions'",
    )


def _write_anew(keys: Keyring) -> Callable[[Path, Path], None]:
    """The same decisions, one of them another, in a new ledger that is signed with another key."""

    def tamper(file: Path, _folder: Path) -> None:
        file.unlink()
        with closing(Ledger.open(f"sqlite:///{file}", keys)) as ledger:
            entries = ledger.append_many(
                [a_decision(number) for number in range(2, LENGTHS["decisions"] + 2)]
            )
            for entry in entries[: LENGTHS["reviews"]]:
                ledger.review(entry.decision_id, REVIEW)

    return tamper


def _write_unsigned(file: Path, _folder: Path) -> None:
    """The ledger of an older version, which signed nothing, and whose hashes need no key."""
    file.unlink()
    write_1_0(f"sqlite:///{file}")


def _put_back(file: Path, folder: Path) -> None:
    shutil.copyfile(folder / "earlier.db", file)


def _drop_tables(file: Path, _folder: Path) -> None:
    drop_everything(f"sqlite:///{file}")


rewrites = st.sampled_from(
    [
        ("written anew with another key", _write_anew(Keyring(Key(b"x" * 40)))),
        ("written anew by version 1.0", _write_unsigned),
        ("put back to an earlier copy", _put_back),
        ("all tables dropped", _drop_tables),
        ("file removed", lambda file, _folder: file.unlink()),
        ("file emptied", lambda file, _folder: file.write_bytes(b"")),
        ("version set back", _sql("UPDATE ledger_version SET version_num = '0002'")),
    ]
)


@settings(max_examples=150)
@example(("an empty text for false", _edit("decisions", "simulation", "rowid = 1", "")))
@given(tampering=edits() | drops() | cuts() | reorders() | insertions() | rewrites)
def test_every_tampering_is_found_and_named(kept: Kept, tampering: Tampering) -> None:
    what, tamper = tampering
    with TemporaryDirectory() as name:
        file = Path(name) / "ledger.db"
        shutil.copyfile(kept.folder / "whole.db", file)
        tamper(file, kept.folder)
        with pytest.raises(LedgerError) as found, _opened(file, kept) as ledger:
            pytest.fail(f"{what}: {ledger.verify()} records verified")
    message = str(found.value)
    places = (
        "there is a key of decisions record ",
        "decisions record ",
        "reviews record ",
        "the head of ",
        "the anchor of ",
        "there is no ledger at ",
    )
    assert any(place in message for place in (*places, "the ledger cannot be migrated", "not available")), (
        message
    )


def _opened(file: Path, kept: Kept) -> closing[Ledger]:
    return closing(Ledger.open(f"sqlite:///{file}", KEYS, anchors=kept.folder / "anchors", create=False))


@pytest.fixture(scope="module")
def kept_in_postgresql(kept: Kept, postgres: str) -> str:
    """The address of a server, which ends with the tests, with a copy of the ledger in the database ``whole``."""
    _administer(postgres, "CREATE DATABASE whole")
    with _opened(kept.folder / "whole.db", kept) as ledger:
        ledger.copy_to(_database(postgres, "whole"))
    return postgres


def _administer(url: str, *statements: str) -> None:
    with engine_of(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@st.composite
def typed_edits(draw: st.DrawFn) -> Tampering:
    """Edits with values of the column's type, since PostgreSQL takes no others."""
    table = draw(st.sampled_from(list(COLUMNS)))
    column = draw(st.sampled_from(COLUMNS[table]))
    number = column in {"sequence", "format", "applicant_id"}
    stored_bytes = column in {"payload", "bundle", "erased", "wrapped"}
    literals = {
        "number": ("0", "2", "-5", "1000000"),
        "bytes": ("''::bytea", "'{}'::bytea", "'x'::bytea"),
        "boolean": ("true",),
        "text": ("''", "'x'", "'open'", "'reviewed'", "'second'", "repeat('0', 10)"),
    }
    kind = (
        "number" if number else "bytes" if stored_bytes else "boolean" if column == "simulation" else "text"
    )
    value = draw(st.sampled_from([*literals[kind], "NULL"]))
    row = draw(st.integers(1, LENGTHS.get(table, 2)))
    chosen = f"ctid = (SELECT ctid FROM {table} ORDER BY 1 OFFSET {row - 1} LIMIT 1)"
    where = f"{chosen} AND {column} IS DISTINCT FROM {value}"
    return f"edit {table}.{column} to {value}", _sql(f"UPDATE {table} SET {column} = {value} WHERE {where}")


def _check_in_postgresql(kept: Kept, server: str, tampering: Tampering) -> None:
    what, tamper = tampering
    assert isinstance(tamper, Sql)
    _administer(
        server, "DROP DATABASE IF EXISTS tampered WITH (FORCE)", "CREATE DATABASE tampered TEMPLATE whole"
    )
    url = _database(server, "tampered")
    try:
        with engine_of(url).begin() as connection:
            changed = sum(connection.exec_driver_sql(statement).rowcount for statement in tamper.statements)
    except DBAPIError:
        changed = 0  # a constraint forbids it
    assume(changed > 0)
    opened = partial(Ledger.open, url, KEYS, anchors=kept.folder / "anchors", create=False)
    with (
        pytest.raises(LedgerError, match="record|the head of|the anchor of|counts"),
        closing(opened()) as ledger,
    ):
        pytest.fail(f"{what}: {ledger.verify()} records verified")


in_sql = typed_edits() | drops() | cuts() | reorders() | insertions()


@settings(max_examples=10)
@given(tampering=in_sql)
def test_tampering_with_a_database_is_found_and_named(
    kept: Kept, kept_in_postgresql: str, tampering: Tampering
) -> None:
    _check_in_postgresql(kept, kept_in_postgresql, tampering)


@pytest.mark.slow
@settings(max_examples=100)
@given(tampering=in_sql)
def test_a_hundred_tamperings_with_a_database_are_found(
    kept: Kept, kept_in_postgresql: str, tampering: Tampering
) -> None:
    _check_in_postgresql(kept, kept_in_postgresql, tampering)


@pytest.mark.parametrize(
    ("tamper", "complaint"),
    [
        (_put_back, "the ledger holds 7 decisions, but the anchor of .* says that 12 were recorded"),
        (_drop_tables, "there is no ledger at"),
        (_write_anew(KEYS), r"decisions record 7 .* is not the one that the anchor of .* names"),
        (_write_unsigned, "the anchor of .* says that .* were recorded|that the anchor of .* names|holds"),
    ],
)
def test_what_needs_no_key_is_found_by_the_anchors(
    kept: Kept, tmp_path: Path, tamper: Callable[[Path, Path], None], complaint: str
) -> None:
    file = tmp_path / "ledger.db"
    shutil.copyfile(kept.folder / "whole.db", file)
    tamper(file, kept.folder)
    with pytest.raises(LedgerError, match=complaint), _opened(file, kept) as ledger:
        ledger.verify()


def test_an_empty_ledger_is_an_error_where_an_anchor_says_that_there_was_one(
    kept: Kept, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with pytest.raises(
        LedgerError, match="holds 0 decisions, but the anchor of .* says that 12 were recorded"
    ):
        Ledger.open(url, KEYS, anchors=kept.folder / "anchors")
    # A disk that forgets, where there are no anchors, is no error.
    Ledger.open(url, KEYS).close()


def test_an_anchor_that_was_changed_is_found(kept: Kept, tmp_path: Path) -> None:
    folder = tmp_path / "anchors"
    shutil.copytree(kept.folder / "anchors", folder)
    first = min(folder.iterdir())
    content = json.loads(first.read_text())
    content["chains"]["decisions"]["sequence"] -= 1
    first.write_text(json.dumps(content))
    with pytest.raises(BrokenRecordError, match="the anchor .* was changed: its signature does not match"):
        Ledger.open(f"sqlite:///{kept.folder}/ledger.db", KEYS, anchors=folder)
    first.write_text("{}")
    with pytest.raises(BrokenRecordError, match="the anchor .* cannot be read"):
        Ledger.open(f"sqlite:///{kept.folder}/ledger.db", KEYS, anchors=folder)


def test_an_anchor_is_not_written_over_a_changed_record(kept: Kept, tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    shutil.copyfile(kept.folder / "earlier.db", file)
    with closing(Ledger.open(f"sqlite:///{file}", KEYS, anchors=tmp_path / "anchors")) as ledger:
        ledger.append(a_decision())
        _sql("UPDATE decisions SET payload = '{}' WHERE sequence = 8")(file, tmp_path)
        with pytest.raises(BrokenRecordError, match="decisions record 8"):
            ledger.anchor()
    assert not (tmp_path / "anchors").exists()


def test_each_decision_can_be_proved_without_the_database(kept: Kept, tmp_path: Path) -> None:
    copies = [read_file(file) for file in sorted((kept.folder / "anchors").iterdir())]
    with _opened(kept.folder / "whole.db", kept) as ledger:
        proofs = [ledger.prove(decision_id) for decision_id in kept.decision_ids]
        recorded = [ledger.read(decision_id).decision for decision_id in kept.decision_ids]
        with pytest.raises(UnknownDecisionError):
            ledger.prove("0" * 36)
    for number, (proof, record) in enumerate(zip(proofs, recorded, strict=True), start=1):
        again = Proof.model_validate_json(proof.model_dump_json())
        copy = copies[number > EARLIER]
        assert again.check(KEYS) == again.check(anchor=copy) == again.check(KEYS, copy) == record
        with pytest.raises(BrokenRecordError, match="another anchor"):
            again.check(anchor=copies[number <= EARLIER])
        with pytest.raises(BrokenRecordError, match="key .* which is not known here"):
            again.check(Keyring(Key(b"x" * 40)))


@settings(max_examples=60)
@given(data=st.data())
def test_a_changed_proof_is_refused(kept: Kept, data: st.DataObject) -> None:
    with _opened(kept.folder / "whole.db", kept) as ledger:
        proof = ledger.prove(data.draw(st.sampled_from(kept.decision_ids)))
    copy = proof.anchor
    content = json.loads(proof.model_dump_json())
    field = data.draw(
        st.sampled_from(
            ["payload", "data_key", "path", "sequence", "rows", "decision_id", "hash", "previous_hash"]
        )
    )
    value: Any = content[field]
    if field in {"payload", "data_key"}:
        place = data.draw(st.integers(0, len(value) - 5))
        value = value[:place] + ("B" if value[place] == "A" else "A") + value[place + 1 :]
    elif field == "path":
        value = data.draw(st.sampled_from([value[1:], [*value, "0" * 64], ["0" * 64, *value[1:]]]))
    elif field == "sequence":
        value += data.draw(st.sampled_from([-1, 1, 100]))
    else:
        # The hash before the first entry is of zeros.
        value = data.draw(st.sampled_from(["", "1" * 64, "AAAA"]))
    changed = Proof.model_validate({**content, field: value})
    with pytest.raises(BrokenRecordError):
        changed.check(KEYS)
    if field not in {"hash", "previous_hash"}:  # these are checked by who has the key
        with pytest.raises(BrokenRecordError):
            changed.check(anchor=copy)


def test_a_decision_after_the_last_anchor_is_not_proved_yet(kept: Kept, tmp_path: Path) -> None:
    shutil.copyfile(kept.folder / "whole.db", tmp_path / "ledger.db")
    with _opened(tmp_path / "ledger.db", kept) as ledger:
        decision = ledger.append(a_decision())
        with pytest.raises(LedgerError, match="no anchor covers"):
            ledger.prove(decision.decision_id)


@given(count=st.integers(1, 70), data=st.data())
def test_every_path_leads_to_the_root_of_its_leaf_alone(count: int, data: st.DataObject) -> None:
    leaves = [leaf("decisions", number, "payload") for number in range(count)]
    index = data.draw(st.integers(0, count - 1))
    digests = path(leaves, index)
    assert root_of_path(leaves[index], index, count, digests) == root(leaves)
    assert len(digests) <= count.bit_length()
    other = data.draw(st.integers(-1, count))
    if other != index:
        assert root_of_path(leaves[index], other, count, digests) != root(leaves)
    assert root_of_path(leaf("decisions", index, "other"), index, count, digests) != root(leaves)


def test_a_key_is_made_beside_a_new_file_for_its_owner_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/ledger.db"
    Ledger.open(url).close()
    file = tmp_path / "var/ledger.db.key"
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    with closing(Ledger.open(url)) as ledger:
        ledger.append(a_decision())
        assert ledger.verify() == 1
    assert file.read_text() == before
    file.unlink()
    with pytest.raises(LedgerError, match=r"the key of the ledger is missing: it was in .*ledger\.db\.key"):
        Ledger.open(url)
    assert not file.exists()


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with PROCESSES.Pool(4) as pool:
        rings = pool.map(create_file, [tmp_path / "ledger.db.key"] * 8)
    assert len({ring.current.id for ring in rings}) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.db.key"]


def test_a_database_needs_a_key(postgres: str) -> None:
    drop_everything(postgres)
    with pytest.raises(LedgerError, match="LEDGER_KEY is not set"):
        Ledger.open(postgres)
    with closing(open_ledger(postgres)) as ledger:
        ledger.append(a_decision())
        assert ledger.verify() == 1
    with pytest.raises(LedgerError, match="the head of decisions is signed with the key .* not known here"):
        Ledger.open(postgres, Keyring(Key(b"another key that is long enough, too")))


def test_a_changed_key_signs_and_the_earlier_ones_verify(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.db.key"
    for number in range(1, 4):
        with closing(Ledger.open(url)) as ledger:
            ledger.append(a_decision(number))
        rotate_file(file)
    assert file.stat().st_mode & 0o777 == 0o600
    with closing(Ledger.open(url)) as ledger:
        assert len({line["key"] for line in ledger.export()}) == 3
        assert ledger.verify() == 3
    newest, *_, oldest = file.read_text().split()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.execute("UPDATE decisions SET key_id = (SELECT key_id FROM decisions WHERE sequence = 3)")
        connection.commit()
    with (
        closing(Ledger.open(url)) as ledger,
        pytest.raises(BrokenRecordError, match="record 1 .* was changed"),
    ):
        ledger.verify()
    file.write_text(f"{newest}\n{oldest}\n")
    with pytest.raises(LedgerError, match="signed with the key .* not known here"):
        Ledger.open(url)


@pytest.mark.parametrize("text", ["", " ", "short", f"{SECRET} short"])
def test_a_key_that_can_be_guessed_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(
        LedgerError, match="LEDGER_KEY does not hold keys of at least 32 characters"
    ) as caught:
        Keyring.parse(text, "LEDGER_KEY")
    assert "short" not in str(caught.value)
    assert new_secret() not in repr(Keyring.parse(new_secret(), "LEDGER_KEY").current)


def _command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return home_credit("ledger", *arguments, environment=environment)


def test_the_commands(kept: Kept, tmp_path: Path) -> None:
    shutil.copyfile(kept.folder / "whole.db", tmp_path / "ledger.db")
    url = f"sqlite:///{tmp_path}/ledger.db"
    settings = {"DATABASE_URL": url, "LEDGER_KEY": SECRET, "LEDGER_ANCHORS": str(tmp_path / "anchors")}
    done = _command("anchor", **settings)
    assert done.returncode == 0, done.stderr
    written = Path(done.stdout.strip())
    assert written.parent == tmp_path / "anchors"
    assert _command("verify", **settings).stdout == "16 records, chain intact\n"

    proof = tmp_path / "proof.json"
    assert _command("prove", kept.decision_ids[4], "--out", str(proof), **settings).returncode == 0
    (tmp_path / "ledger.db").unlink()
    checked = _command("check-proof", str(proof), LEDGER_KEY=SECRET)
    assert checked.returncode == 0, checked.stderr
    assert kept.decision_ids[4] in checked.stdout and "signatures checked" in checked.stdout
    checked = _command("check-proof", str(proof), "--anchor", str(written))
    assert "record 5 in the anchor of" in checked.stdout and "signatures not checked" in checked.stdout
    assert _command("check-proof", str(proof)).returncode == 2
    proof.write_text(proof.read_text().replace('"payload": "MjAyNi', '"payload": "MjAyNy'))
    refused = _command("check-proof", str(proof), LEDGER_KEY=SECRET)
    assert refused.returncode == 1
    assert "does not lead to the anchor of" in refused.stderr

    # A mistyped address is an error, and makes nothing.
    for command in ("verify", "anchor"):
        mistyped = _command(
            command, **{**settings, "DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/ledger.db"}
        )
        assert (mistyped.returncode, mistyped.stdout) == (1, "")
        assert "there is no ledger at" in mistyped.stderr
    assert not (tmp_path / "nowhere").exists()
    assert len(_command("new-key").stdout.strip()) >= 32


def _rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the ledger's tables."""
    engine = engine_of(url)
    with engine.connect() as connection:
        found = {
            name: [tuple(row) for row in connection.execute(table.select().order_by(next(iter(table.c))))]
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return found


def test_a_ledger_is_copied_to_a_database_and_back(kept: Kept, url: str, tmp_path: Path) -> None:
    whole, back = f"sqlite:///{kept.folder}/whole.db", f"sqlite:///{tmp_path}/back.db"
    with _opened(kept.folder / "whole.db", kept) as ledger:
        assert ledger.copy_to(url) == 16
        with pytest.raises(LedgerError, match="copied into an empty one, but there are decisions already"):
            ledger.copy_to(url)
    with closing(Ledger.open(url, KEYS, anchors=kept.folder / "anchors", create=False)) as copied:
        assert copied.verify() == 16
        assert copied.copy_to(back) == 16
        # It goes on like the original.
        copied.append(a_decision())
        assert copied.verify() == 17
    assert _rows(back) == _rows(whole)


def test_a_changed_ledger_is_not_copied(kept: Kept, url: str, tmp_path: Path) -> None:
    shutil.copyfile(kept.folder / "whole.db", tmp_path / "changed.db")
    _sql("UPDATE decisions SET grade = 'A' WHERE sequence = 5")(tmp_path / "changed.db", tmp_path)
    with (
        _opened(tmp_path / "changed.db", kept) as ledger,
        pytest.raises(BrokenRecordError, match="record 5 .* grade"),
    ):
        ledger.copy_to(url)
    with closing(Ledger.open(url, KEYS)) as untouched:
        assert untouched.verify() == 0


def test_a_backup_is_made_while_others_record_and_is_restored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/ledger.db"
    backup, restored = tmp_path / "backup.db", f"sqlite:///{tmp_path}/new/ledger.db"
    recording = PROCESSES.Process(target=append, args=(url, 400))
    recording.start()
    with closing(Ledger.open(url)) as ledger:
        while ledger.verify() < 20:
            assert recording.is_alive()
    made = _command("backup", str(backup), DATABASE_URL=url)
    assert made.returncode == 0, made.stderr
    recording.join(60)
    assert _command("backup", str(backup), DATABASE_URL=url).returncode == 2
    missing = _command("restore", str(backup), DATABASE_URL=restored)
    assert (missing.returncode, "the key of the ledger is missing" in missing.stderr) == (1, True)
    shutil.copy(tmp_path / "var/ledger.db.key", tmp_path / "new/ledger.db.key")
    done = _command("restore", str(backup), DATABASE_URL=restored)
    assert done.returncode == 0, done.stderr
    with closing(Ledger.open(restored)) as ledger, closing(Ledger.open(url)) as original:
        number = ledger.verify()
        assert 20 <= number <= original.verify() == 400
        assert list(ledger.export()) == list(original.export())[:number]
