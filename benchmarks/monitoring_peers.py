"""Evidently's default comparison of columns, for benchmarks/monitoring.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidently.legacy.calculations.stattests.registry import get_stattest
from evidently.legacy.core import ColumnType

if TYPE_CHECKING:
    import polars as pl


def evidently_flags(before: pl.DataFrame, now: pl.DataFrame) -> dict[str, object]:
    """Return the columns that drift by the tests and limits that Evidently chooses by itself, and its alarm.

    The alarm is that of its data set: drift in half of the columns. Columns without values are left out, as Evidently
    demands.
    """
    flagged, compared = [], 0
    for name in before.columns:
        old, new = before[name].drop_nulls(), now[name].drop_nulls()
        if not len(old) or not len(new):
            continue
        kind = ColumnType.Numerical if old.dtype.is_numeric() else ColumnType.Categorical
        first, second = old.to_pandas(), new.to_pandas()
        test = get_stattest(first, second, kind, None)
        compared += 1
        if test(first, second, kind, None).drifted:
            flagged.append(name)
    return {"columns": len(flagged), "alarm": len(flagged) >= compared / 2, "flagged": flagged}
