"""What a challenger would have decided, beside what was."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table and its index."""
    op.create_table(
        "shadow_scores",
        sa.Column("decision_id", sa.String(36), nullable=False),
        sa.Column("challenger_version", sa.String(200), nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("model_version", sa.String(200), nullable=False),
        sa.Column("probability", sa.Float(53), nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("grade", sa.String(20), nullable=False),
        sa.Column("challenger_probability", sa.Float(53), nullable=False),
        sa.Column("challenger_decision", sa.String(20), nullable=False),
        sa.Column("challenger_grade", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "challenger_version", name="pk_shadow_scores"),
    )
    op.create_index(
        "ix_shadow_scores_challenger_version", "shadow_scores", ["challenger_version", "recorded_at"]
    )


def downgrade() -> None:
    """Raise an error, as the migrations before it do."""
    raise NotImplementedError("a ledger is not downgraded; restore the copy made before the upgrade")
