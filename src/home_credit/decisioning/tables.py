"""Decisions on whole tables: one row of outcomes for each row of a feature matrix in Polars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit import policy
from home_credit.default_risk import reasons
from home_credit.progress import Progress, silent
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from home_credit.decisioning.scoring import Scorer

SLICE = 2_000


def score_batches(
    scorer: Scorer, batches: Iterable[pl.DataFrame], applicants: int, progress: Progress = silent
) -> Iterator[pl.DataFrame]:
    """Yield the decisions on batches of feature rows, in order; ``applicants`` is the total number of rows."""
    done = 0
    for batch in batches:
        for rows in batch.iter_slices(SLICE):
            yield score_matrix(scorer, rows)
            done += len(rows)
            progress("applicants scored", done, applicants)


def score_matrix(scorer: Scorer, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the decision on each row of a feature matrix, with the codes of the strongest reasons."""
    matrix = scorer.model.preprocessor.transform(rows)
    probability, contributions = scorer.model.explain_matrix(matrix)
    probabilities = probability.tolist()
    codes = reasons.leading_codes(scorer.features, contributions)
    return pl.DataFrame(
        {
            ID: rows[ID],
            "probability_of_default": probabilities,
            "score": [policy.score_points(probability) for probability in probabilities],
            "grade": [policy.grade(probability) for probability in probabilities],
            "decision": [scorer.policy.decide(probability) for probability in probabilities],
            **{f"reason_{n}": pl.Series(column, dtype=pl.String) for n, column in enumerate(codes, 1)},
            "model_version": [scorer.version] * len(rows),
        }
    )
