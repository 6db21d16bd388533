"""Writing a demo portfolio block by block."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from home_credit.tables.demo import applicants as people
from home_credit.tables.demo import balances, bureau, previous
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Format = Literal["parquet", "csv"]
BLOCK = 4_000


def _schemas() -> dict[str, dict[str, pl.DataType]]:
    application = dict(table(APPLICATION).schema)
    labelled = {ID: application[ID], TARGET: pl.Int64(), **application}
    return {
        "application_train": labelled,
        "application_test": application,
        **{name: dict(table(name).schema) for name in HISTORIES},
    }


class _Writer:
    """One table's file, written under a temporary name until it is whole."""

    def __init__(self, path: Path, schema: Mapping[str, pl.DataType], kind: Format) -> None:
        self._path, self._partial = path, path.with_name(f".{path.name}.partial")
        self._schema = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        if kind == "parquet":
            self._file = pa.parquet.ParquetWriter(self._partial, self._schema, compression="zstd")
        else:
            self._file = pa.csv.CSVWriter(self._partial, self._schema)

    def write(self, rows: pl.DataFrame) -> None:
        arrow = (
            rows.select(self._schema.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self._schema)
        )
        if len(rows):
            self._file.write_table(arrow)

    def close(self) -> None:
        self._file.close()
        self._partial.replace(self._path)


def write_demo(
    out: Path,
    applicants: int,
    seed: int,
    format: Format = "parquet",  # noqa: A002  # named as the command's option
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write all tables for ``applicants`` made-up applicants to ``out``.

    The same number, seed and format give the same bytes. Rows are sorted by applicant, a row group a block.
    """
    out.mkdir(parents=True, exist_ok=True)
    first_bureau, first_previous = bureau.FIRST_ID, previous.FIRST_ID
    with ExitStack() as closing:
        writers = {
            name: _Writer(out / f"{name}.{format}", schema, format) for name, schema in _schemas().items()
        }
        for start in range(0, applicants, BLOCK):
            size = min(BLOCK, applicants - start)
            generator = np.random.default_rng([seed, start // BLOCK])
            block = _block(generator, people.FIRST_ID + start, size, first_bureau, first_previous)
            for name, rows in block.items():
                writers[name].write(rows)
            first_bureau += len(block["bureau"])
            first_previous += len(block["previous_application"])
            if progress is not None:
                progress(start + size, applicants)
        for writer in writers.values():
            closing.callback(writer.close)


def _block(
    generator: np.random.Generator, first: int, size: int, first_bureau: int, first_previous: int
) -> dict[str, pl.DataFrame]:
    """Draw all tables of one block of applicants."""
    drawn = people.draw_applicants(generator, first, size)
    application = people.application_table(generator, drawn)
    credits_elsewhere = bureau.bureau_table(generator, drawn, first_bureau)
    earlier = previous.previous_table(generator, drawn, first_previous)
    loans, cards = balances.granted_loans(earlier), balances.granted_cards(earlier)
    card_months = balances.credit_card_table(generator, drawn, cards)
    in_train = pl.Series(drawn.in_train)
    return {
        "application_train": application.filter(in_train),
        "application_test": application.filter(~in_train).drop(TARGET),
        "bureau": credits_elsewhere,
        "bureau_balance": bureau.bureau_balance_table(generator, drawn, credits_elsewhere),
        "previous_application": earlier,
        "POS_CASH_balance": balances.pos_cash_table(generator, drawn, loans),
        "installments_payments": balances.installments_table(generator, drawn, loans, card_months),
        "credit_card_balance": card_months,
    }
