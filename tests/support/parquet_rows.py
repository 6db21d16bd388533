"""One applicant's rows straight from Parquet: what the applicant store has to give back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from polars import selectors

from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, table

if TYPE_CHECKING:
    from pathlib import Path


class ParquetRows:
    """A folder of Parquet tables that are kept in memory, so that an applicant's rows are found fast.

    Values come as they were written, but for the sign of a zero, which the reader of tables drops.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._applications = [*directory.glob("application_*.parquet")]
        self._frames: dict[Path, pl.DataFrame] = {}

    def applicants(self, after: int = 0, limit: int = 50) -> list[int]:
        ids = pl.concat([pl.read_parquet(path, columns=[ID]) for path in self._applications])[ID]
        return ids.filter(ids > after).unique().sort().head(limit).to_list()

    def bundle(self, applicant_id: int) -> dict[str, Any]:
        mine = pl.col(ID) == applicant_id
        found = [self._rows(path, APPLICATION, mine) for path in self._applications]
        bundle: dict[str, Any] = {APPLICATION: next(rows for rows in found if rows)[0]}
        for name in HISTORIES:
            credits_held = [row["SK_ID_BUREAU"] for row in bundle.get("bureau", [])]
            wanted = pl.col("SK_ID_BUREAU").is_in(credits_held) if name == "bureau_balance" else mine
            rows = self._rows(self._directory / f"{name}.parquet", name, wanted)
            bundle[name] = [{key: value for key, value in row.items() if value is not None} for row in rows]
        return bundle

    def _rows(self, path: Path, name: str, wanted: pl.Expr) -> list[dict[str, Any]]:
        if path not in self._frames:
            self._frames[path] = _frame(path, name)
        return self._frames[path].filter(wanted).to_dicts()


def _frame(path: Path, name: str) -> pl.DataFrame:
    if not path.exists():
        return pl.DataFrame(schema=polars_schema(table(name)))
    return (
        pl.read_parquet(path, glob=False)
        .select(*table(name).columns)
        .with_columns(selectors.float().fill_nan(None), selectors.decimal().cast(pl.Float64))
        # Polars leaves out the addition of zero that would drop the sign of one.
        .with_columns(
            pl.when(selectors.float() != 0).then(selectors.float()).otherwise(selectors.float().abs())
        )
    )
