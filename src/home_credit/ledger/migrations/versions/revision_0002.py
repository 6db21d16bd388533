"""One payload per record, hashed as it is stored, and projected columns that are not hashed.

The payload of a record of version 1.0 is the text that was hashed, so that its hash does not change. A record that
was tampered with is copied unchanged, so its hash still reveals the change.
"""

import json
import logging
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

logger = logging.getLogger("home_credit.ledger.migrations")
ROWS_AT_A_TIME = 500
JSON_COLUMNS = ("assessment", "bundle", "review")
OLD = "{}_1_0"

Record = dict[str, object]


def upgrade() -> None:
    """Create new tables beside the old ones, copy every record, and drop the old tables."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # In the order in which a writer of version 1.0 takes them, to avoid a deadlock.
        op.execute("LOCK TABLE chain_heads, decisions, reviews IN ACCESS EXCLUSIVE MODE")
    op.drop_index("ix_reviews_decision_id", "reviews")
    for name in ("chain_heads", "decisions", "reviews"):
        op.rename_table(name, OLD.format(name))
    heads = _create_heads()
    old_heads = sa.table(OLD.format("chain_heads"), *(sa.column(column.name) for column in heads.c))
    connection.execute(sa.insert(heads).from_select(heads.c.keys(), sa.select(old_heads)))
    _copy("decisions", _create_decisions(), _decision_columns)
    _copy("reviews", _create_reviews(), lambda _record: {})
    for name in ("chain_heads", "decisions", "reviews"):
        op.drop_table(OLD.format(name))


def downgrade() -> None:
    """Raise an error: the older tables cannot hold records of a newer format."""
    raise NotImplementedError("a ledger is not downgraded; restore the copy made before the upgrade")


def _create_heads() -> sa.Table:
    return op.create_table(
        "chain_heads",
        sa.Column("chain", sa.String(20), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_chain_heads"),
    )


def _create_decisions() -> sa.Table:
    table = op.create_table(
        "decisions",
        *_chain_columns(),
        sa.Column("applicant_id", sa.BigInteger),
        sa.Column("decision", sa.String(20)),
        sa.Column("grade", sa.String(20)),
        sa.Column("model_version", sa.String(200)),
        sa.Column("simulation", sa.Boolean),
        sa.PrimaryKeyConstraint("sequence", name="pk_decisions"),
        sa.UniqueConstraint("decision_id", name="uq_decisions_decision_id"),
    )
    op.create_index("ix_decisions_applicant_id", "decisions", ["applicant_id"])
    op.create_index("ix_decisions_recorded_at", "decisions", ["recorded_at"])
    return table


def _create_reviews() -> sa.Table:
    table = op.create_table(
        "reviews", *_chain_columns(), sa.PrimaryKeyConstraint("sequence", name="pk_reviews")
    )
    op.create_index("ix_reviews_decision_id", "reviews", ["decision_id"])
    return table


def _chain_columns() -> list[SchemaItem]:
    return [
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("decision_id", sa.String(36), nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
    ]


def _copy(chain: str, table: sa.Table, projection: Callable[[Record], dict[str, object]]) -> None:
    connection = op.get_bind()
    columns = [column.name for column in table.c]
    copied = 0
    for records in _batches(connection, chain):
        rows = [
            {
                "format": 1,
                "payload": _payload(chain, record),
                **{name: record[name] for name in columns if name in record},
                **projection(record),
            }
            for record in records
        ]
        connection.execute(sa.insert(table), rows)
        copied += len(rows)
        logger.info("%d of the ledger's %s migrated", copied, chain)


def _batches(connection: sa.Connection, chain: str) -> Iterator[list[Record]]:
    old = sa.Table(OLD.format(chain), sa.MetaData(), autoload_with=connection)
    after = sa.select(old).order_by(old.c.sequence).limit(ROWS_AT_A_TIME)
    records = [
        {str(name): value for name, value in row.items()} for row in connection.execute(after).mappings()
    ]
    while records:
        yield records
        beyond = after.where(old.c.sequence > records[-1]["sequence"])
        records = [
            {str(name): value for name, value in row.items()} for row in connection.execute(beyond).mappings()
        ]


def _payload(chain: str, record: Record) -> bytes:
    """Return the text that version 1.0 hashed: canonical JSON, its JSON columns as they are stored."""
    content = {"chain": chain, **record}
    del content["hash"]
    members = (
        f"{json.dumps(name)}:{content[name] if name in JSON_COLUMNS else json.dumps(content[name], default=str)}"
        for name in sorted(content)
    )
    return f"{{{','.join(members)}}}".encode()


def _decision_columns(record: Record) -> dict[str, object]:
    """Return the projected columns; a value that a tampered record lacks is null."""
    text = record["assessment"]
    try:
        assessment = json.loads(text) if isinstance(text, str | bytes) else None
    except ValueError:
        assessment = None
    if not isinstance(assessment, dict):
        assessment = {}
    applicant, decision, grade = (assessment.get(name) for name in ("SK_ID_CURR", "decision", "grade"))
    simulation = assessment.get("simulation")
    return {
        "applicant_id": applicant if _is_number(applicant) else None,
        "decision": decision if _is_word(decision) else None,
        "grade": grade if _is_word(grade) else None,
        "simulation": simulation if isinstance(simulation, bool) else None,
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int) and -(2**63) <= value < 2**63


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 20 and "\0" not in value
