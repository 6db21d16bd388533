"""Decisions counted by day, outcome, grade and kind."""

import json
from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROWS_AT_A_TIME = 500
BILLIONTHS = 1_000_000_000
CELL = ("day", "decision", "grade", "simulation")

Cell = tuple[str, str, str, bool]


def upgrade() -> None:
    """Create the table and count the decisions there are; one that was tampered with may be in no count."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("LOCK TABLE chain_heads, decisions IN EXCLUSIVE MODE")
    counts = op.create_table(
        "daily_counts",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("grade", sa.String(20), nullable=False),
        sa.Column("simulation", sa.Boolean, nullable=False),
        sa.Column("decisions", sa.BigInteger, nullable=False),
        sa.Column("billionths", sa.BigInteger, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(*CELL, name="pk_daily_counts"),
    )
    number, billionths = Counter[Cell](), Counter[Cell]()
    last: dict[Cell, int] = {}
    for sequence, cell, probability in _decisions(connection):
        number[cell] += 1
        billionths[cell] += round(probability * BILLIONTHS)
        last[cell] = sequence
    rows = [
        {
            **dict(zip(CELL, cell, strict=True)),
            "decisions": number[cell],
            "billionths": billionths[cell],
            "last_sequence": last[cell],
        }
        for cell in number
    ]
    if rows:
        connection.execute(sa.insert(counts), rows)


def downgrade() -> None:
    """Raise an error, as the migrations before it do."""
    raise NotImplementedError("a ledger is not downgraded; restore the copy made before the upgrade")


def _decisions(connection: sa.Connection) -> Iterator[tuple[int, Cell, float]]:
    """Yield the sequence of each decision, what it is counted by and its probability, in their order."""
    columns = ("sequence", "recorded_at", "decision", "grade", "simulation", "payload")
    table = sa.table("decisions", *(sa.column(name) for name in columns))
    page = sa.select(table).order_by(table.c.sequence).limit(ROWS_AT_A_TIME)
    rows = connection.execute(page).all()
    while rows:
        for sequence, recorded_at, decision, grade, simulation, payload in rows:
            probability = _probability(payload)
            words = (recorded_at, decision, grade)
            if probability is not None and simulation is not None and all(map(_is_word, words)):
                yield sequence, (recorded_at[:10], decision, grade, bool(simulation)), probability
        rows = connection.execute(page.where(table.c.sequence > rows[-1].sequence)).all()


def _probability(payload: bytes | str) -> float | None:
    try:
        probability = json.loads(payload)["assessment"]["probability_of_default"]
    except (ValueError, TypeError, LookupError):
        return None
    return probability if isinstance(probability, float | int) and 0 <= probability <= 1 else None


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 32
