"""Write a demo portfolio: made-up applicants in the original tables, of any number, in bounded memory."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import pyarrow.parquet

from home_credit.errors import UsageError
from home_credit.tables.demo.applicants import Generator
from home_credit.tables.demo.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    import polars as pl

BLOCK = 4000

Format = Literal["parquet", "csv"]


class _Writer(Protocol):
    def write(self, frame: pl.DataFrame) -> None: ...

    def close(self) -> None: ...


class _ParquetWriter:
    """One row group per block, so that a row group's SK_ID_CURR range says what it holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pyarrow.parquet.ParquetWriter | None = None

    def write(self, frame: pl.DataFrame) -> None:
        block = frame.to_arrow()
        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(self._path, block.schema, compression="zstd")
        self._writer.write_table(block)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _CsvWriter:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, frame: pl.DataFrame) -> None:
        frame.write_csv(self._file, include_header=self._file.tell() == 0)

    def close(self) -> None:
        self._file.close()


class _Tables:
    """The table files of one portfolio, under temporary names until all are whole."""

    def __init__(self, out: Path, form: Format) -> None:
        self._out, self._form = out, form
        self._writers: dict[str, _Writer] = {}

    def __enter__(self) -> _Tables:
        self._out.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, tables: dict[str, pl.DataFrame]) -> None:
        for name, frame in tables.items():
            if name not in self._writers:
                make = _ParquetWriter if self._form == "parquet" else _CsvWriter
                self._writers[name] = make(self._partial(name))
            self._writers[name].write(frame)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            for writer in self._writers.values():
                stack.callback(writer.close)
        for name in self._writers:
            if kind is None:
                self._partial(name).replace(self._out / f"{name}.{self._form}")
            else:
                self._partial(name).unlink(missing_ok=True)

    def _partial(self, name: str) -> Path:
        return self._out / f".{name}.{self._form}.partial"


def write_demo(
    out: Path,
    applicants: int,
    seed: int,
    format: Format = "parquet",  # noqa: A002 - the command's own option is called so
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the tables of ``applicants`` made-up applicants to the folder ``out``.

    The same seed and number give the same bytes. ``progress`` is told the applicants done and their total
    after every block.

    Raises:
        UsageError: when ``applicants`` is not positive or ``seed`` is negative.
    """
    if applicants < 1:
        raise UsageError(f"a demo portfolio needs at least 1 applicant, not {applicants}")
    if seed < 0:
        raise UsageError(f"the seed must not be negative, and is {seed}")
    generator = Generator(statistics())
    with _Tables(out, format) as tables:
        for number, start in enumerate(range(0, applicants, BLOCK)):
            size = min(BLOCK, applicants - start)
            random = np.random.default_rng(np.random.SeedSequence([seed, number]))
            tables.write(generator.block(size, random))
            if progress is not None:
                progress(start + size, applicants)
