"""The files of tables as Spark's data frames, untouched: what is in them is checked where it is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as sql

from home_credit.errors import TableError
from home_credit.tables.files import find, further_columns
from home_credit.tables.schema import HISTORIES
from home_credit.tables.source import PARTS, Split, expected, ignored, missing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pyspark.sql import Column, SparkSession

# Spark's names of the types of Arrow that rows travel in.
_TYPES = {
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.string(): "string",
    pa.binary(): "binary",
}
# Where a row comes from, beside the columns of its table; no column of the schema has a slash in its name.
FILE, BLOCK = "file/name", "file/block"


@dataclass(frozen=True, slots=True)
class Stored:
    """A table in files: the frame has its columns as they are stored, and where each row comes from.

    ``text`` says that every value is text, as CSV files hold them.
    """

    name: str
    path: Path
    frame: DataFrame
    text: bool
    warnings: tuple[str, ...]

    def key(self, name: str) -> Column:
        """Return a column of ids as integers; missing where it holds none."""
        # Text by way of floats: 5.0 is an integer, too.
        value = sql.trim(name).try_cast("double") if self.text else sql.col(name)
        return value.try_cast("bigint")


def stored(spark: SparkSession, directory: Path, split: Split) -> list[Stored]:
    """Return the tables in ``directory``: applications of ``split`` first; histories that are not there are left out.

    A table is a file or a folder of files. Raises MissingTableError, MissingColumnError, or TableError for a table
    that cannot be read.
    """
    found = []
    for name in (*PARTS[split], *HISTORIES):
        paths = find(directory, name, folders=True)
        if paths:
            found.append(_stored(spark, name, paths))
        elif name not in HISTORIES:
            raise missing(directory, name, split)
    return found


def _stored(spark: SparkSession, name: str, paths: tuple[Path, ...]) -> Stored:
    path, columns = paths[0], [column.name for column in expected(name)[0]]
    text = path.suffix != ".parquet"
    address = uri(path)
    try:
        # A header that differs among the files of a folder is refused, not taken for the first one's.
        raw = (
            spark.read.csv(address, header=True, escape='"', enforceSchema=False)
            if text
            else spark.read.parquet(address)
        )
    except AnalysisException as error:
        raise TableError(name, f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    further = further_columns(name, path, columns, raw.columns)
    places = (sql.input_file_name().alias(FILE), sql.input_file_block_start().alias(BLOCK))
    frame = raw.select(*(sql.col(f"`{column}`") for column in columns), *places)
    return Stored(name, path, frame, text, tuple(ignored(name, paths, further)))


def uri(path: Path) -> str:
    """Return the address of a file or folder that all workers see under the same path."""
    return f"file://{path.resolve()}"


def ddl(schema: pa.Schema) -> str:
    """Return a schema as Spark writes it."""
    return ", ".join(f"`{column.name}` {_TYPES[column.type]}" for column in schema)


def union(frames: Iterable[DataFrame]) -> DataFrame:
    """Return the rows of all ``frames``, whose columns are the same."""
    return reduce(DataFrame.union, frames)
