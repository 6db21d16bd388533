"""Write a demo portfolio: synthetic applicants in the original tables, of any number, in bounded memory."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from home_credit.errors import UsageError
from home_credit.synthetic.applicants import Generator
from home_credit.synthetic.statistics import load_statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK = 4000  # applicants held in memory at once
ROW_GROUP = 100_000  # rows; small, so that one applicant's rows are read with few others

Format = Literal["parquet", "csv"]


def write_demo(
    out: Path,
    applicants: int,
    seed: int,
    format: Format = "parquet",  # noqa: A002 - the name of the command's option
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the tables of ``applicants`` synthetic applicants to the folder ``out``.

    The same seed and number give the same bytes. All tables are renamed together at the end; of two runs into one
    folder the last to finish replaces the other. ``progress`` is called with the applicants done and their total
    after every block.

    Raises:
        UsageError: when ``applicants`` is not positive or ``seed`` is negative.
    """
    if applicants < 1:
        raise UsageError(f"a demo portfolio needs at least 1 applicant, not {applicants}")
    if seed < 0:
        raise UsageError(f"the seed must not be negative, and is {seed}")
    generator = Generator(load_statistics())
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".demo-", dir=out) as staging:
        for number, start in enumerate(range(0, applicants, BLOCK)):
            size = min(BLOCK, applicants - start)
            random = np.random.default_rng(np.random.SeedSequence([seed, number]))
            for name, frame in generator.block(size, random).items():
                _write_block(frame, Path(staging) / name, number, format)
            if progress is not None:
                progress(start + size, applicants)
        whole = [_join(folder, format) for folder in sorted(Path(staging).iterdir())]
        with _locked(out):
            for path in whole:
                path.replace(out / path.name)


def _write_block(frame: pl.DataFrame, folder: Path, number: int, form: Format) -> None:
    """Write a block of a table to the table's folder: a Parquet file per block, or the end of one CSV file."""
    folder.mkdir(exist_ok=True)
    if form == "parquet":
        frame.write_parquet(folder / f"{number:06}.parquet")
    else:
        with (folder / "rows.csv").open("ab") as file:
            frame.write_csv(file, include_header=number == 0)


def _join(folder: Path, form: Format) -> Path:
    """Join the blocks of a table, in order, and return the file."""
    whole = folder.parent / f"{folder.name}.{form}"
    if form == "parquet":
        pl.scan_parquet(sorted(folder.iterdir())).sink_parquet(whole, row_group_size=ROW_GROUP)
    else:
        (folder / "rows.csv").replace(whole)
    return whole


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder, so that two runs do not mix their tables in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
