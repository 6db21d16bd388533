"""Reads and checks the seven tables of a directory."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import polars as pl

from home_credit.errors import DuplicateKeyError, EmptyTableError, MissingTableError, WrongTypeError
from home_credit.progress import Progress, silent
from home_credit.tables.checks import Checked, Violation, check, warnings
from home_credit.tables.files import ENDINGS, find, readable, scan
from home_credit.tables.frames import polars_schema, polars_type
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET, TEST, TRAIN, Column, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Split = Literal["train", "test", "all"]
# The files that hold the applications of each split.
PARTS: dict[Split, tuple[str, ...]] = {"train": (TRAIN,), "test": (TEST,), "all": (TRAIN, TEST)}
_TARGET = Column(
    TARGET,
    "integer",
    "flag",
    en="Fell behind on the credit",
    fr="A pris du retard sur le crédit",
    required=True,
)
_NO_LABEL = Violation(WrongTypeError, TARGET, ~pl.col(TARGET).is_in([0, 1]), "{value} is neither 0 nor 1")


@dataclass(frozen=True)
class Source:
    """Checked tables, for use inside :func:`open_tables` only.

    ``frames`` has all seven tables, columns in the order and types of the schema; a history that is not
    in the directory is empty, an unknown category is missing. ``written`` has the same tables with unknown categories
    as they are; a history without any is the same object in both. ``applicants`` has one column SK_ID_CURR, in file
    order (train before test); ``target`` has SK_ID_CURR and TARGET of the training applicants. ``fingerprint`` is the
    SHA-256 of the schema and, for each table, its name, its row count and for each column the count of values and
    either the count of each level or the wrapping integer sum of the values' bits: equal for equal rows in any format
    and order.
    """

    frames: Mapping[str, pl.LazyFrame]
    written: Mapping[str, pl.LazyFrame]
    applicants: pl.DataFrame
    target: pl.DataFrame
    warnings: list[str]
    fingerprint: str


@contextmanager
def open_tables(directory: Path, split: Split = "train", progress: Progress = silent) -> Iterator[Source]:
    """Open and check the tables of ``directory``; staged copies of CSV files are deleted when the block ends.

    Raises MissingTableError, MissingColumnError, WrongTypeError, NotFiniteError, EmptyTableError,
    DuplicateKeyError, or TableError for a file that cannot be read.
    """
    with open_splits(directory, (split,), progress) as (source,):
        yield source


@contextmanager
def open_splits(
    directory: Path, splits: Sequence[Split], progress: Progress = silent
) -> Iterator[list[Source]]:
    """Open the tables of several splits; the histories are checked once and are the same objects in each.

    Raises the errors of :func:`open_tables`.
    """
    with TemporaryDirectory(prefix="home-credit-tables-") as staging:
        yield _open(Path(directory), splits, Path(staging), progress)


def expected(name: str) -> tuple[list[Column], list[Violation]]:
    """Return the columns that the file ``name`` must have, and what is wrong in it beside their own limits."""
    columns = [*table(APPLICATION if name in {TRAIN, TEST} else name).columns.values()]
    return ([*columns, _TARGET], [_NO_LABEL]) if name == TRAIN else (columns, [])


def ignored(name: str, paths: Sequence[Path], columns: Sequence[str]) -> Iterator[str]:
    """Yield a line on all but the first of ``paths`` that hold a table, and one on ``columns`` that are not read."""
    if paths[1:]:
        others = ", ".join(path.name for path in paths[1:])
        yield f"table {name}: {paths[0].name} is read, {others} is ignored"
    if columns:
        yield f"table {name}: unknown columns are ignored: {', '.join(columns)}"


class _Reader:
    """Reads one table after the other, and collects warnings and summaries."""

    def __init__(self, directory: Path, staging: Path, tables: int, progress: Progress) -> None:
        self.directory, self.staging = directory, staging
        self._progress, self._done, self._tables = progress, 0, tables
        progress("tables checked", 0, tables)
        self.warnings: list[str] = []
        self.summaries: dict[str, object] = {}

    def read(self, name: str) -> Checked | None:
        """Return the checked table in the file ``name``, ``None`` where there is no such file."""
        checked = self._read(name)
        self._done += 1
        self._progress("tables checked", self._done, self._tables)
        return checked

    def _read(self, name: str) -> Checked | None:
        paths = find(self.directory, name)
        if not paths:
            return None
        columns, labels = expected(name)
        schema = {column.name: polars_type(column) for column in columns}
        with readable(name, paths[0]):
            raw, further = scan(name, paths[0], schema, self.staging)
            checked = check(name, raw, columns, labels)
        self.warnings.extend((*ignored(name, paths, further), *warnings(name, checked.unknown)))
        types = {column: str(dtype) for column, dtype in schema.items()}
        self.summaries[name] = {"schema": types, **checked.summary}
        return checked

    def fingerprint(self, names: Iterable[str]) -> str:
        """Return the digest of the tables ``names`` that were read."""
        mine = {name: self.summaries[name] for name in names if name in self.summaries}
        return hashlib.sha256(json.dumps(mine, sort_keys=True).encode()).hexdigest()


def _open(directory: Path, splits: Sequence[Split], staging: Path, progress: Progress) -> list[Source]:
    names = list(dict.fromkeys(name for split in splits for name in PARTS[split]))
    reader = _Reader(directory, staging, len(names) + len(HISTORIES), progress)
    applications: dict[str, Checked] = {}
    for split in splits:
        for name in PARTS[split]:
            if name in applications:
                continue
            part = reader.read(name)
            if part is None:
                raise missing(directory, name, split)
            if not part.rows:
                raise EmptyTableError(name, "the table has no rows")
            applications[name] = part
    distinct = [_distinct({name: applications[name] for name in PARTS[split]}, ID) for split in splits]
    frames, written = _histories(reader)
    sources = []
    for split, applicants in zip(splits, distinct, strict=True):
        parts = {name: applications[name] for name in PARTS[split]}
        sources.append(
            Source(
                {APPLICATION: _together(part.frame for part in parts.values()), **frames},
                {APPLICATION: _together(part.written for part in parts.values()), **written},
                applicants,
                _target(parts),
                reader.warnings,
                reader.fingerprint([*parts, *HISTORIES]),
            )
        )
    return sources


def _histories(reader: _Reader) -> tuple[dict[str, pl.LazyFrame], dict[str, pl.LazyFrame]]:
    """Return the histories with unknown categories as missing, and as they were written."""
    frames, written = {}, {}
    for name in HISTORIES:
        history = reader.read(name)
        key = table(name).key
        # Months are not checked for duplicates: keys of two columns would need gigabytes.
        if history and len(key) == 1:
            _distinct({name: history}, key[0])
        empty = pl.LazyFrame(schema=polars_schema(table(name)))
        frames[name] = history.frame if history else empty
        written[name] = history.written if history else empty
    return frames, written


def _together(parts: Iterable[pl.LazyFrame]) -> pl.LazyFrame:
    return pl.concat([part.drop(TARGET, strict=False) for part in parts])


def missing(directory: Path, name: str, split: Split) -> MissingTableError:
    """Return the error that the application table ``name``, which ``split`` needs, is not in ``directory``."""
    if not directory.is_dir():
        return MissingTableError(name, f"{directory} is not a directory")
    looked_for = " or ".join(f"{name}{ending}" for ending in ENDINGS)
    other = TEST if name == TRAIN else TRAIN
    hint = f"; split {split} needs it, the directory only has {other}" if find(directory, other) else ""
    return MissingTableError(name, f"no {looked_for} in {directory}{hint}")


def _distinct(parts: Mapping[str, Checked], key: str) -> pl.DataFrame:
    """Return the column ``key`` of all parts, in which every value must be unique."""
    places = pl.concat(
        part.frame.select(key).with_row_index("row", offset=1).with_columns(pl.lit(name).alias("table"))
        for name, part in parts.items()
    ).collect()
    repeated = places.filter(~pl.col(key).is_first_distinct()).head(1)
    for row, value, name in repeated.iter_rows():
        first_row, _, first = places.filter(pl.col(key) == value).row(0)
        problem = f"{value} is already in row {first_row} of {first}"
        raise DuplicateKeyError(name, problem, column=key, row=row)
    return places.select(key)


def _target(parts: Mapping[str, Checked]) -> pl.DataFrame:
    if TRAIN not in parts:
        return pl.DataFrame(schema={ID: pl.Int64, TARGET: pl.Int64})
    return parts[TRAIN].frame.select(ID, TARGET).collect()
