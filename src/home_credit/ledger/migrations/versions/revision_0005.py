"""The state that each review leaves, and reviews counted by day."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CELL = {"day": 10, "decision": 20, "reviewed_as": 20, "reason_code": 40, "reviewer": 16}


def upgrade() -> None:
    """Add the column and create the table; counting needs a key, and is done after the migrations."""
    op.add_column("reviews", sa.Column("state", sa.String(10)))
    # Up to this revision every review was the last one of its decision.
    op.execute("UPDATE reviews SET state = 'reviewed'")
    op.create_table(
        "review_counts",
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in CELL.items()),
        sa.Column("reviews", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(*CELL, name="pk_review_counts"),
    )


def downgrade() -> None:
    """Raise an error, as the migrations before it do."""
    raise NotImplementedError("a ledger is not downgraded; restore the copy made before the upgrade")
