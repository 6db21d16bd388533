"""Windows of applications as monitoring counts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.monitoring.build import reference_of
from home_credit.monitoring.drift import verdict
from home_credit.monitoring.tables import Side
from home_credit.monitoring.tally import Tally

if TYPE_CHECKING:
    import polars as pl

    from home_credit.monitoring.reference import Reference
    from home_credit.schemas.verdicts import StoredVerdict


def tally(reference: Reference, rows: pl.DataFrame) -> Tally:
    """Return the counts of one window without days."""
    window = Tally(reference.layout)
    window.add(rows)
    return window


def drift(reference: pl.DataFrame, current: pl.DataFrame) -> StoredVerdict:
    """Return the verdict on ``current``, without a model."""
    statistics = reference_of(reference)
    return verdict(statistics, tally(statistics, current))


def side(rows: pl.DataFrame) -> Side:
    """Return rows as they come from a folder of tables, without a model."""
    return Side(rows, None, "")
