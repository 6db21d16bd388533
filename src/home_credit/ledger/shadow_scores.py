"""What a challenger would have decided, beside what was: one row for each decision that it scored.

The rows are measurements and not part of the chain; a replay of the decision by the challenger gives them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, Float, Index, String, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from home_credit.ledger.entries import ROWS_AT_A_TIME
from home_credit.ledger.records import timestamp
from home_credit.ledger.schema import decisions, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

PROBABILITY = Float(53)  # PostgreSQL's double precision

shadow_scores = Table(
    "shadow_scores",
    metadata,
    Column("decision_id", String(36), primary_key=True),
    Column("challenger_version", String(200), primary_key=True),
    Column("recorded_at", String(32), nullable=False),
    Column("model_version", String(200), nullable=False),
    Column("probability", PROBABILITY, nullable=False),
    Column("decision", String(20), nullable=False),
    Column("grade", String(20), nullable=False),
    Column("challenger_probability", PROBABILITY, nullable=False),
    Column("challenger_decision", String(20), nullable=False),
    Column("challenger_grade", String(20), nullable=False),
)
Index("ix_shadow_scores_challenger_version", shadow_scores.c.challenger_version, shadow_scores.c.recorded_at)


class Judgement(NamedTuple):
    """The probability of default, decision and grade that a model and the policy give an applicant."""

    probability: float
    decision: str
    grade: str


class ShadowScore(NamedTuple):
    """A recorded decision by the champion, and the judgement of the challenger on the same features."""

    decision_id: str
    recorded_at: datetime
    model_version: str
    champion: Judgement
    challenger_version: str
    challenger: Judgement


class Pair(NamedTuple):
    """A champion and a challenger that scored the same decisions."""

    champion: str
    challenger: str


class ShadowScores(NamedTuple):
    """Decisions that a champion and a challenger scored, the newest first, each with its time and both judgements.

    ``decided`` is the number of the champion's decisions from the first of them to the last.
    """

    pair: Pair
    scores: list[tuple[str, Judgement, Judgement]]
    decided: int


def add(connection: Connection, scores: Sequence[ShadowScore]) -> None:
    """Store scores; one that is stored already is left as it is."""
    insert = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    rows = [
        {
            "decision_id": score.decision_id,
            "challenger_version": score.challenger_version,
            "recorded_at": timestamp(score.recorded_at),
            "model_version": score.model_version,
            **score.champion._asdict(),
            **{f"challenger_{name}": value for name, value in score.challenger._asdict().items()},
        }
        for score in scores
    ]
    if rows:
        connection.execute(insert(shadow_scores).on_conflict_do_nothing(), rows)


def copy(source: Connection, target: Connection) -> None:
    """Copy the scores into a ledger that has none."""
    with source.execute(select(shadow_scores).execution_options(yield_per=ROWS_AT_A_TIME)) as found:
        for rows in found.mappings().partitions():
            target.execute(shadow_scores.insert(), [dict(row) for row in rows])


def of_decision(connection: Connection, decision_id: str) -> list[dict[str, object]]:
    """Return what challengers would have decided on a decision, in JSON types."""
    rows = select(shadow_scores).where(shadow_scores.c.decision_id == decision_id)
    return [dict(row) for row in connection.execute(rows).mappings()]


def remove(connection: Connection, decision_ids: Sequence[object]) -> None:
    """Remove the scores of decisions that are erased."""
    connection.execute(delete(shadow_scores).where(shadow_scores.c.decision_id.in_(decision_ids)))


def find(connection: Connection, challenger: str | None, most: int) -> ShadowScores | None:
    """Return the last ``most`` scores of the pair that scored last, that of ``challenger`` where it is given.

    ``None`` where there are none.
    """
    pair = _latest(connection, challenger)
    if pair is None:
        return None
    scores = list(_read(connection, pair, most))
    return ShadowScores(pair, scores, _decided(connection, pair.champion, scores[-1][0], scores[0][0]))


def _latest(connection: Connection, challenger: str | None) -> Pair | None:
    table = shadow_scores.c
    rows = select(table.model_version, table.challenger_version).order_by(table.recorded_at.desc()).limit(1)
    if challenger is not None:
        rows = rows.where(table.challenger_version == challenger)
    found = connection.execute(rows).first()
    return None if found is None else Pair(*found)


def _read(connection: Connection, pair: Pair, most: int) -> Iterator[tuple[str, Judgement, Judgement]]:
    table = shadow_scores.c
    columns = (table.recorded_at, table.probability, table.decision, table.grade)
    theirs = (table.challenger_probability, table.challenger_decision, table.challenger_grade)
    of_pair = (table.challenger_version == pair.challenger, table.model_version == pair.champion)
    rows = select(*columns, *theirs).where(*of_pair).order_by(table.recorded_at.desc()).limit(most)
    for time, *judged in connection.execute(rows.execution_options(yield_per=ROWS_AT_A_TIME)):
        yield time, Judgement(*judged[:3]), Judgement(*judged[3:])


def _decided(connection: Connection, champion: str, first: str, last: str) -> int:
    table = decisions.c
    rows = select(func.count()).where(
        table.model_version == champion,
        table.simulation.is_(False),
        table.recorded_at.between(first, last),
    )
    return connection.scalar(rows) or 0
