"""The rows that the platform holds of known applicants."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl
from polars import selectors

from home_credit.errors import MissingTableError, TableError, UnknownApplicantError
from home_credit.tables.files import find, readable
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TEST, TRAIN, table

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.tables.values import Row

APPLICATIONS = (TRAIN, TEST)


class ApplicantStore:
    """A folder of Parquet tables, read one applicant at a time.

    Only Parquet answers for one applicant without reading the whole table, so CSV is refused with a
    :class:`TableError`; ``home-credit demo`` writes it sorted by applicant, which keeps an answer to the
    row groups of that applicant. Values come as they were written; ``parse_bundle`` judges them.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @cached_property
    def _ids(self) -> pl.Series:
        """All applicants, ascending; raises :class:`MissingTableError` where there is no application table."""
        paths = {name: path for name in APPLICATIONS if (path := self._path(name))}
        if not paths:
            wanted = " or ".join(f"{name}.parquet" for name in APPLICATIONS)
            raise MissingTableError(APPLICATION, f"no {wanted} in {self._directory}")
        found = []
        for name, path in paths.items():
            with readable(name, path):
                found.append(
                    pl.scan_parquet(path, glob=False).select(pl.col(ID).cast(pl.Int64)).collect()[ID]
                )
        return pl.concat(found).unique().sort()

    @property
    def total(self) -> int:
        """The number of known applicants."""
        return len(self._ids)

    def applicants(self, after: int = 0, limit: int = 50) -> list[int]:
        """Return up to ``limit`` ids above ``after``, ascending."""
        start = self._ids.search_sorted(after, side="right")
        return self._ids.slice(int(start), limit).to_list()

    def bundle(self, applicant_id: int) -> dict[str, Any]:
        """Return the raw rows of one applicant, ready for JSON: nulls stay in the application only.

        Raises :class:`UnknownApplicantError`.
        """
        application = next(
            (
                rows
                for name in APPLICATIONS
                if (rows := self._rows(name, APPLICATION, pl.col(ID) == applicant_id))
            ),
            None,
        )
        if application is None:
            raise UnknownApplicantError(applicant_id)
        bundle: dict[str, Any] = {APPLICATION: application[0]}
        for name in HISTORIES:
            if name == "bureau_balance":
                credits_held = [row["SK_ID_BUREAU"] for row in bundle["bureau"]]
                wanted = pl.col("SK_ID_BUREAU").is_in(credits_held)
            else:
                wanted = pl.col(ID) == applicant_id
            rows = self._rows(name, name, wanted)
            bundle[name] = [{key: value for key, value in row.items() if value is not None} for row in rows]
        return bundle

    def _rows(self, file: str, name: str, wanted: pl.Expr) -> list[Row]:
        path = self._path(file)
        if path is None:
            return []
        with readable(file, path):
            rows = (
                pl.scan_parquet(path, glob=False)
                .select(pl.col(*table(name).columns))
                .filter(wanted)
                .with_columns(selectors.float().fill_nan(None), selectors.decimal().cast(pl.Float64))
                .collect()
            )
        return rows.to_dicts()

    def _path(self, file: str) -> Path | None:
        paths = find(self._directory, file)
        if not paths:
            return None
        if paths[0].suffix != ".parquet":
            raise TableError(file, f"{paths[0]} is CSV, and a portfolio is read from Parquet only")
        return paths[0]
