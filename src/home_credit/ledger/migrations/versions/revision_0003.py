"""Rows beside the payload, signed entries, idempotency keys, and indexes to search decisions by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATES = """
UPDATE decisions SET review = CASE
    WHEN EXISTS (SELECT 1 FROM reviews WHERE reviews.decision_id = decisions.decision_id) THEN 'reviewed'
    WHEN decision = 'review' AND NOT simulation THEN 'open'
END
"""


def upgrade() -> None:
    """Add the columns, which are null for the records of formats 1 and 2, and derive the state of each review."""
    for column in (
        sa.Column("key_id", sa.String(16)),
        sa.Column("bundle", sa.LargeBinary),
        sa.Column("idempotency_key", sa.String(64)),
        sa.Column("review", sa.String(10)),
    ):
        op.add_column("decisions", column)
    op.add_column("reviews", sa.Column("key_id", sa.String(16)))
    # The heads are signed once the migrations are done: a migration has no key.
    op.add_column("chain_heads", sa.Column("key_id", sa.String(16)))
    op.add_column("chain_heads", sa.Column("signature", sa.String(64)))
    op.execute(STATES)
    for name in ("applicant_id", "recorded_at"):
        op.drop_index(f"ix_decisions_{name}", "decisions")
    op.create_index("ix_decisions_recorded_at", "decisions", ["recorded_at", "sequence"])
    for name in ("applicant_id", "decision", "grade"):
        op.create_index(f"ix_decisions_{name}", "decisions", [name, "recorded_at", "sequence"])
    _create_partial("review", "recorded_at", "sequence")
    _create_partial("idempotency_key", unique=True)


def downgrade() -> None:
    """Raise an error: the older tables cannot hold records of a newer format."""
    raise NotImplementedError("a ledger is not downgraded; restore the copy made before the upgrade")


def _create_partial(name: str, *others: str, unique: bool = False) -> None:
    held = sa.text(f"{name} IS NOT NULL")
    op.create_index(
        f"ix_decisions_{name}",
        "decisions",
        [name, *others],
        unique=unique,
        sqlite_where=held,
        postgresql_where=held,
    )
