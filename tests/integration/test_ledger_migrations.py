"""Ledgers of older versions: migrated when first opened, then read, verified and extended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from home_credit.decisioning.records import policy
from home_credit.errors import BrokenRecordError, LedgerError
from home_credit.ledger import Ledger, migrations, schema
from home_credit.ledger.records import ReviewContent
from support.assessments import a_decision
from support.databases import LENGTH_1_0, engine_of, execute, rows_1_0, write_1_0
from support.ledger_writer import append
from support.ledgers import open_ledger
from support.processes import PROCESSES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine.interfaces import ReflectedIndex


@pytest.fixture
def old(url: str, tmp_path: Path) -> str:
    """The address of a ledger that version 1.0 wrote."""
    (tmp_path / "folder").mkdir()
    write_1_0(url)
    return url


@pytest.fixture
def migrated(old: str) -> Iterator[Ledger]:
    ledger = open_ledger(old)
    yield ledger
    ledger.close()


def test_every_record_is_read_bit_for_bit(migrated: Ledger) -> None:
    assert migrated.verify() == LENGTH_1_0
    reviews = rows_1_0("reviews")
    for row in rows_1_0("decisions"):
        history = migrated.read(str(row["decision_id"]))
        entry, recorded = history.decision, json.loads(str(row["assessment"]))
        assert entry.recorded_at.isoformat() == row["recorded_at"]
        assert entry.bundle == json.loads(str(row["bundle"]))
        assert entry.policy.cut_off == recorded.pop("cut_off")
        assert entry.applicant_id == recorded.pop("SK_ID_CURR")
        assert entry.model_version == row["model_version"] == recorded.pop("model_version")
        assert entry.simulation == recorded.pop("simulation")
        assert entry.assessment.model_dump(mode="json") == {**recorded, "expected_cost": None}
        own = [review for review in reviews if review["decision_id"] == row["decision_id"]]
        for review, expected in zip(history.reviews, own, strict=True):
            assert review.recorded_at.isoformat() == expected["recorded_at"]
            content = {name: getattr(review, name) for name in ReviewContent.model_fields}
            recorded = {"reason_code": "other", "forwarded_by": None, **json.loads(str(expected["review"]))}
            assert content == recorded
            assert (review.state, review.reviewed) == ("reviewed", None)


def test_old_reviews_are_counted(migrated: Ledger) -> None:
    days = sorted(str(row["recorded_at"])[:10] for row in rows_1_0("reviews"))
    found = migrated.review_statistics(date.fromisoformat(days[0]), date.fromisoformat(days[-1]))
    assert [(count.day, count.reviews) for count in found.counts for _ in range(count.reviews)] == [
        (day, 1) for day in days
    ]
    assert found.reviewers >= 1


def test_every_old_decision_follows_from_the_policy_read_of_it(migrated: Ledger) -> None:
    decided = []
    for row in rows_1_0("decisions"):
        entry = migrated.read(str(row["decision_id"])).decision
        assert policy(entry).decide(entry.assessment.probability_of_default) == entry.assessment.decision
        decided.append(entry.assessment.decision)
    assert set(decided) == {"approved", "review", "declined"}


def test_every_hash_stays_what_it_was(migrated: Ledger) -> None:
    before = [row["hash"] for table in ("decisions", "reviews") for row in rows_1_0(table)]
    assert [line["hash"] for line in migrated.export()] == before


def test_the_columns_beside_an_old_record_can_be_queried(old: str, migrated: Ledger) -> None:
    engine = engine_of(old)
    with engine.connect() as connection:
        found = connection.execute(schema.decisions.select().order_by("sequence")).mappings().all()
    engine.dispose()
    for row, recorded in zip(found, rows_1_0("decisions"), strict=True):
        assessment = json.loads(str(recorded["assessment"]))
        expected = (
            assessment["SK_ID_CURR"],
            assessment["decision"],
            assessment["grade"],
            assessment["simulation"],
        )
        assert (row["applicant_id"], row["decision"], row["grade"], row["simulation"]) == expected


def test_a_migrated_ledger_goes_on(old: str, migrated: Ledger) -> None:
    reviewed = {row["decision_id"] for row in rows_1_0("reviews")}
    first = next(
        str(row["decision_id"])
        for row in rows_1_0("decisions")
        if row["decision_id"] not in reviewed and json.loads(str(row["assessment"]))["decision"] == "review"
    )
    decision = migrated.append(a_decision())
    review = migrated.review(first, ReviewContent(reviewer="A", decision="declined", reason="Fraud"))
    assert migrated.read(decision.decision_id).decision == decision
    assert migrated.read(first).reviews == (review,)
    reopened = open_ledger(old)
    assert reopened.verify() == LENGTH_1_0 + 2
    assert [line["sequence"] for line in reopened.export()] == [*range(1, 16), *range(1, 4)]
    reopened.close()


@pytest.mark.parametrize("name", ["decisions", "reviews"])
def test_tampering_with_any_migrated_record_is_found(old: str, migrated: Ledger, name: str) -> None:
    table, engine = schema.CHAINS[name], engine_of(old)
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(table.select()).mappings()]

    def write(sequence: int, values: dict[str, object]) -> None:
        with engine.begin() as connection:
            connection.execute(table.update().where(table.c.sequence == sequence).values(values))

    others = {"payload": b"{}", "format": 2, "applicant_id": 1}
    # Every record in a file; verifying takes longer on a server, where it is the same code.
    for row in rows if old.startswith("sqlite") else rows[::7]:
        # These columns have no meaning for old records.
        for column in row.keys() - {"sequence", "key_id", "bundle", "review"}:
            other = not row[column] if column == "simulation" else others.get(column, "x")
            write(row["sequence"], {column: other})
            with pytest.raises(BrokenRecordError, match=f"{name} record {row['sequence']} "):
                migrated.verify()
            write(row["sequence"], {column: row[column]})
    assert len(rows) == {"decisions": 14, "reviews": 2}[name]
    assert migrated.verify() == LENGTH_1_0
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "assessment = replace(assessment, 'approved', 'declined')",
        "assessment = 'not JSON'",
        "assessment = '[]'",
        "assessment = replace(assessment, '\"SK_ID_CURR\":', '\"SK_ID_CURR\":99999999999999999999')",
        "bundle = '{}'",
        "model_version = 'x'",
        "recorded_at = '2020-01-01T00:00:00+00:00'",
        "decision_id = 'x'",
        "hash = repeat('0', 64)",
        "previous_hash = repeat('0', 64)",
    ],
)
def test_tampering_before_the_migration_is_still_found(old: str, change: str) -> None:
    assert execute(old, f"UPDATE decisions SET {change} WHERE sequence = 3") == 1  # noqa: S608  (a constant)
    ledger = open_ledger(old)
    with pytest.raises(BrokenRecordError, match="decisions record 3 .*(was changed|does not follow)"):
        ledger.verify()
    ledger.close()


def test_processes_that_open_an_old_ledger_at_once_migrate_it_once(old: str) -> None:
    processes = [PROCESSES.Process(target=append, args=(old, 5)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    ledger = open_ledger(old)
    assert ledger.verify() == LENGTH_1_0 + 10
    ledger.close()


def test_a_migration_that_is_killed_leaves_the_ledger_as_it_was(old: str) -> None:
    columns = "decision_id, recorded_at, model_version, assessment, bundle, previous_hash, hash"
    copies = ", ".join(columns.split(", ")[1:])
    execute(
        old,
        "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "  # noqa: S608
        f"INSERT INTO decisions (sequence, {columns}) SELECT i, CAST(i AS VARCHAR(36)), {copies} "
        "FROM n, decisions WHERE sequence = 1",
    )
    program = (
        "import logging, sys; logging.basicConfig(level=logging.INFO);"
        "from support.ledgers import open_ledger; open_ledger(sys.argv[1])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, old], stderr=subprocess.PIPE, text=True, env=_environment()
    )
    assert process.stderr is not None
    assert any("500 of the ledger's decisions migrated" in line for line in process.stderr)
    process.kill()
    process.wait()
    process.stderr.close()
    engine = engine_of(old)
    assert set(inspect(engine).get_table_names()) == {"decisions", "reviews", "chain_heads"}
    engine.dispose()
    execute(old, "DELETE FROM decisions WHERE sequence >= 100")
    ledger = open_ledger(old)
    assert ledger.verify() == LENGTH_1_0
    ledger.close()


def test_new_and_migrated_tables_are_the_same(old: str, migrated: Ledger) -> None:
    engine = engine_of(old)
    with engine.connect() as connection:
        options = {"compare_type": True, "version_table": migrations.VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []
        after_migration = _described(old)
        for table in (*schema.metadata.tables, migrations.VERSION_TABLE):
            execute(old, f"DROP TABLE {table}")
    engine.dispose()
    open_ledger(old).close()
    assert _described(old) == after_migration


def test_the_revision_of_the_tables_is_that_of_the_last_migration() -> None:
    scripts = ScriptDirectory(migrations.__path__[0])
    assert scripts.get_current_head() == schema.REVISION
    assert scripts.get_base() == migrations.UNVERSIONED


def test_a_ledger_of_a_newer_version_is_left_alone(url: str) -> None:
    open_ledger(url).close()
    execute(url, "UPDATE ledger_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=f"cannot be migrated from revision 9999 to {schema.REVISION}"):
        open_ledger(url)


def test_tables_of_somebody_else_are_left_alone(url: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    execute(url, "CREATE TABLE reviews (stars INTEGER)")
    with pytest.raises(
        LedgerError, match="the database holds a table reviews that does not belong to a ledger"
    ):
        open_ledger(url)


def test_version_1_0_cannot_write_to_a_migrated_ledger(old: str, migrated: Ledger) -> None:
    names = "sequence, decision_id, recorded_at, model_version, assessment, bundle, previous_hash, hash"
    with pytest.raises(Exception, match="assessment"):
        execute(old, f"INSERT INTO decisions ({names}) VALUES (15, 'x', 'x', 'x', '{{}}', '{{}}', 'x', 'x')")  # noqa: S608
    assert migrated.verify() == LENGTH_1_0


def test_alembic_is_imported_where_a_migration_is_due_alone(url: str) -> None:
    program = (
        "import sys; from support.ledgers import open_ledger;"
        "open_ledger(sys.argv[1]).close(); open_ledger(sys.argv[1]).close();"
        "assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, url], check=True, env=_environment())


def _environment() -> dict[str, str]:
    """The environment of a process that imports what this one can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _described(url: str) -> dict[str, object]:
    engine = engine_of(url)
    inspector = inspect(engine)
    described: dict[str, object] = {
        table: (
            [{**column, "type": str(column["type"])} for column in inspector.get_columns(table)],
            inspector.get_pk_constraint(table),
            inspector.get_unique_constraints(table),
            sorted(map(_index, inspector.get_indexes(table))),
        )
        for table in inspector.get_table_names()
    }
    engine.dispose()
    return described


def _index(index: ReflectedIndex) -> str:
    condition = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return str({**index, "dialect_options": condition})
