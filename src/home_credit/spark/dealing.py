"""What a task does with the rows that it reads: check them, and deal them to ranges of applicants.

Rows travel between tasks as packages: rows of one table and one range as an Arrow stream in bytes, so that the exchange
moves few large values whatever the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from home_credit.errors import TableError
from home_credit.spark.reading import BLOCK, FILE
from home_credit.spark.reports import Report
from home_credit.tables.checks import check
from home_credit.tables.files import typed
from home_credit.tables.frames import polars_type
from home_credit.tables.schema import ID, TARGET
from home_credit.tables.source import expected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Bytes of rows that are checked and dealt at once.
CHUNK = 128 * 2**20
# Where reports are dealt to.
REPORTS = -1
PACKAGES = pa.schema([("partition", pa.int32()), ("name", pa.string()), ("content", pa.binary())])
# The months of bureau credits have no SK_ID_CURR: they are checked, joined with their owners and then dealt.
MONTHS = pa.schema(
    [
        ("SK_ID_BUREAU", pa.int64()),
        ("MONTHS_BALANCE", pa.int64()),
        ("STATUS", pa.string()),
        ("report", pa.binary()),
    ]
)


@dataclass(frozen=True, slots=True)
class Dealer:
    """Checks and deals the rows of one table; ``bounds`` are the first ids of all ranges but the first."""

    name: str
    text: bool
    bounds: tuple[int, ...]

    def deal(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the packages and reports of stored rows."""
        for report, rows in self._checked(batches):
            yield _packages(self.name, report.to_bytes(), rows, self.bounds)

    def check(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield checked rows and reports, both in the columns of :data:`MONTHS`."""
        for report, rows in self._checked(batches):
            told = pl.DataFrame({"report": [report.to_bytes()]})
            yield from _arrow(pl.concat([rows, told], how="diagonal"), MONTHS).to_batches()

    def join(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the packages of checked rows that were joined with their owners; reports pass."""
        for rows in chunks(batches):
            reports = rows["report"].drop_nulls().to_list()
            owned = rows.filter(pl.col(ID).is_not_null()).drop("report")
            yield _packages(self.name, None, owned, self.bounds)
            yield from (_packages(self.name, report, owned.clear(), self.bounds) for report in reports)

    def _checked(self, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Report, pl.DataFrame]]:
        """Yield what was found in each chunk of rows of one block of a file, and the rows that can be used."""
        columns, labels = expected(self.name)
        schema = {column.name: polars_type(column) for column in columns}
        before: dict[tuple[str, int], int] = {}
        for chunk in chunks(batches):
            for (file, block), rows in chunk.group_by(FILE, BLOCK, maintain_order=True):
                report = Report(self.name, str(file), int(block), before.get((file, block), 0))
                raw = rows.lazy().select(*schema)
                try:
                    checked = check(
                        self.name, typed(self.name, raw, schema) if self.text else raw, columns, labels
                    )
                except TableError as error:
                    before[file, block] = report.before + rows.height
                    yield report.wrong(error), pl.DataFrame(schema=schema).drop(TARGET, strict=False)
                else:
                    before[file, block] = report.before + checked.rows
                    usable = checked.frame.drop(TARGET, strict=False).collect()
                    yield report.right(checked.rows, checked.unknown), usable


def chunks(batches: Iterable[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    """Yield the rows of ``batches`` in order, about :data:`CHUNK` bytes at a time."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            size += batch.nbytes
        if size >= CHUNK:
            yield _frame(held)
            held, size = [], 0
    if held:
        yield _frame(held)


def _frame(batches: list[pa.RecordBatch]) -> pl.DataFrame:
    frame = pl.from_arrow(pa.Table.from_batches(batches))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  # a table gives no Series
    return frame


def _arrow(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return rows.select(schema.names).to_arrow().cast(schema)


def _packages(name: str, report: bytes | None, rows: pl.DataFrame, bounds: tuple[int, ...]) -> pa.RecordBatch:
    """Return a report and the packages of rows, one for each range that any of them belongs to."""
    dealt: list[tuple[int, bytes]] = [] if report is None else [(REPORTS, report)]
    ranges = pl.Series(bounds, dtype=pl.Int64).search_sorted(rows[ID], side="right")
    for (place,), own in rows.with_columns(ranges.alias("range")).group_by("range"):
        content = own.drop("range").write_ipc_stream(None, compression="lz4")
        dealt.append((place, content.getvalue()))
    rows_of_packages = [{"partition": place, "name": name, "content": content} for place, content in dealt]
    return pa.RecordBatch.from_pylist(rows_of_packages, schema=PACKAGES)


def unpacked(contents: Iterable[bytes]) -> pl.DataFrame:
    """Return the rows of packages of one table."""
    return pl.concat([pl.read_ipc_stream(BytesIO(content)) for content in contents])
