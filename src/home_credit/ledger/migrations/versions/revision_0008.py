"""Keys of payloads, and a chain of erasures."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

GENESIS = "0" * 64


def upgrade() -> None:
    """Add what is left of an erased entry, the keys, and the chain, whose head is signed after the migrations."""
    for chain in ("decisions", "reviews"):
        op.add_column(chain, sa.Column("erased", sa.LargeBinary))
    op.create_table(
        "payload_keys",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_payload_keys"),
    )
    op.create_table(
        "erasures",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("key_id", sa.String(16)),
        sa.PrimaryKeyConstraint("sequence", name="pk_erasures"),
    )
    op.execute(f"INSERT INTO chain_heads (chain, sequence, hash) VALUES ('erasures', 0, '{GENESIS}')")  # noqa: S608


def downgrade() -> None:
    """Raise an error, as the migrations before it do."""
    raise NotImplementedError("a ledger is not downgraded; restore the copy made before the upgrade")
