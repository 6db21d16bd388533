"""The model of the term and data frames: its training loans, and its columns for many applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit.terms.columns import CASH_LOANS, COLUMNS, SOURCES
from home_credit.terms.learning import Loans, learn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from home_credit.terms.model import TermModel

AMOUNTS = SOURCES[1:]


def earlier_loans(previous: pl.LazyFrame) -> Loans:
    """Return the earlier cash loans with a term in ``previous_application``, whatever their outcome."""
    rows = (
        previous.filter(pl.col("NAME_CONTRACT_TYPE") == CASH_LOANS, pl.col("CNT_PAYMENT") > 0)
        .select(*AMOUNTS, "CNT_PAYMENT", age=-pl.col("DAYS_DECISION"))
        .collect()
    )
    return Loans(*(_numbers(rows[name]) for name in rows.columns))


def learn_terms(previous: pl.LazyFrame) -> TermModel:
    """Return the model of the term fitted on the table ``previous_application``."""
    return learn(earlier_loans(previous))


def with_terms(applications: pl.LazyFrame, model: TermModel) -> pl.LazyFrame:
    """Return applications with the columns of the term, as :func:`term_columns` returns them for one."""
    schema = pl.Struct(dict.fromkeys(COLUMNS, pl.Float64()))

    def of(rows: pl.Series) -> pl.Series:
        terms = model.terms(*(_numbers(rows.struct.field(name)) for name in AMOUNTS))
        cash = rows.struct.field(SOURCES[0]) == CASH_LOANS
        columns = pl.DataFrame(dict(zip(COLUMNS, terms, strict=True)), nan_to_null=True)
        return columns.select(pl.when(cash).then(pl.all())).to_struct()

    term = pl.struct(*SOURCES).map_batches(of, return_dtype=schema, is_elementwise=True)
    return applications.with_columns(term.alias("term")).unnest("term")


def _numbers(column: pl.Series) -> NDArray[np.float64]:
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
