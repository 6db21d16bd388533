"""Finds the files of tables and makes them scannable.

Parquet is scanned in place. A CSV file, gzipped or not, is parsed once into a typed Parquet file in a staging
directory, streamed in bounded memory, so that later steps scan columns lazily.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from home_credit.errors import MissingColumnError, TableError, WrongTypeError
from home_credit.tables.checks import Violation, raise_first

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

ENDINGS = (".parquet", ".csv", ".csv.gz")


def find(directory: Path, name: str, *, folders: bool = False) -> tuple[Path, ...]:
    """Return the files that hold the table ``name``, the one to read first; with ``folders`` also folders of files."""
    paths = (directory / f"{name}{ending}" for ending in ENDINGS)
    return tuple(path for path in paths if path.is_file() or (folders and path.is_dir()))


@contextmanager
def readable(name: str, path: Path) -> Iterator[None]:
    """Raise a :class:`TableError` of one line for any error of reading ``path``."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TableError(name, f"{path} cannot be read: {reason}") from error


def scan(
    name: str, path: Path, schema: Mapping[str, pl.DataType], staging: Path
) -> tuple[pl.LazyFrame, list[str]]:
    """Return a lazy frame of the columns of ``schema`` in one file, and the names of its further columns.

    Columns of a CSV file come as ``schema`` says, except that integer columns with other numbers in them come as
    floats; columns of a Parquet file keep their types. :func:`home_credit.tables.checks.check` checks both.

    Raises MissingColumnError, WrongTypeError (a CSV value that is not a number) and TableError (unreadable).
    """
    parquet = path.suffix == ".parquet"
    raw = pl.scan_parquet(path, glob=False) if parquet else _text(path)
    further = further_columns(name, path, schema, raw.collect_schema().names())
    frame = raw.select(*schema) if parquet else _stage(name, path, schema, staging / f"{name}.parquet")
    return frame, further


def further_columns(name: str, path: Path, schema: Iterable[str], present: Collection[str]) -> list[str]:
    """Return which of the columns ``present`` are not in ``schema``; raises MissingColumnError where one lacks."""
    expected = list(schema)
    missing = [column for column in expected if column not in present]
    if missing:
        others = f" (nor are {', '.join(missing[1:])})" if missing[1:] else ""
        raise MissingColumnError(name, f"not in {path}{others}", column=missing[0])
    return [column for column in present if column not in expected]


def typed(name: str, text: pl.LazyFrame, schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """Return rows whose values all are text, as CSV files hold them, in the types of ``schema``.

    Blank rows are dropped, and integer columns with other numbers in them come as floats. Raises WrongTypeError for
    a value that is no number.
    """
    return _without_nothing(_parse(name, text, schema), schema)


def _text(path: Path) -> pl.LazyFrame:
    return pl.scan_csv(path, infer_schema=False, glob=False)


def _stage(name: str, path: Path, schema: Mapping[str, pl.DataType], staged: Path) -> pl.LazyFrame:
    try:
        _sink(pl.scan_csv(path, schema_overrides=schema, glob=False), schema, staged)
    except pl.exceptions.ComputeError:
        # Some value is not of its column's type: parse more leniently, or find the value.
        _sink(_parse(name, _text(path), schema), schema, staged)
    return pl.scan_parquet(staged, glob=False)


def _sink(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], staged: Path) -> None:
    _without_nothing(frame, schema).sink_parquet(staged, compression="lz4", engine="streaming")


def _without_nothing(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    texts = [column for column, dtype in schema.items() if dtype == pl.String]
    return (
        frame.select(*schema)
        .with_columns(pl.when(pl.col(texts) != "").then(pl.col(texts)))  # an empty quoted field is missing
        .filter(pl.any_horizontal(pl.all().is_not_null()))  # and so is a blank line
    )


def _parse(name: str, rows: pl.LazyFrame, schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """Parse numbers more leniently than the CSV reader: ``5.0`` is an integer, too."""
    text = rows.select(*schema).filter(pl.any_horizontal(pl.all().is_not_null()))
    numeric = {column: dtype for column, dtype in schema.items() if dtype != pl.String}
    stripped = {
        column: pl.when(pl.col(column).str.strip_chars() != "").then(pl.col(column).str.strip_chars())
        for column in numeric
    }

    def unparsed(column: str, dtype: pl.DataType) -> pl.Expr:
        return stripped[column].is_not_null() & stripped[column].cast(dtype, strict=False).is_null()

    failed = text.select(
        *(unparsed(column, dtype).any() for column, dtype in numeric.items()),
        **{f"{column}/number": unparsed(column, pl.Float64()).any() for column in numeric},
    ).collect(engine="streaming").row(0, named=True)  # fmt: skip
    violations = [
        Violation(WrongTypeError, column, unparsed(column, pl.Float64()), "{value} is not a number")
        for column in numeric
        if failed[f"{column}/number"]
    ]
    if violations:
        raise_first(name, text, violations)
    return text.with_columns(
        stripped[column].cast(pl.Float64() if failed[column] else dtype).alias(column)
        for column, dtype in numeric.items()
    )
