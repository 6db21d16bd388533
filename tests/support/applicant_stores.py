"""Small portfolios for the store of applicants, and what a process of its own does to one."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import polars as pl

from home_credit.applicants.loading import STAGE, load
from home_credit.tables.schema import HISTORIES, ID
from support.tables import a_table, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IDS = (5, 3, 9)
TEST_IDS = (4, 8, 1)


def write_portfolio(directory: Path, ending: str = ".parquet", /, **tables: pl.DataFrame) -> Path:
    """Write a portfolio of six applicants, of whom 5 and 3 have a history."""
    directory.mkdir(parents=True, exist_ok=True)
    made = {name: a_table(name, 4) for name in HISTORIES}
    made = {
        name: frame.with_columns(pl.Series(ID, [5, 3, 5, 77])) if ID in frame.columns else frame
        for name, frame in made.items()
    }
    made["application_train"] = a_table("application_train", **{ID: IDS})
    made["application_test"] = a_table("application_test", **{ID: TEST_IDS})
    for file, frame in {**made, **tables}.items():
        write_table(frame, directory / f"{file}{ending}")
    return directory


def write_marked(directory: Path, ids: Sequence[int], mark: float) -> Path:
    """Write a portfolio in which every row of every applicant holds the same amount."""
    directory.mkdir(parents=True, exist_ok=True)
    application = a_table("application_train", len(ids), **{ID: ids, "AMT_CREDIT": [mark] * len(ids)})
    bureau = a_table("bureau", len(ids), **{ID: ids, "AMT_CREDIT_SUM": [mark] * len(ids)})
    write_table(application, directory / "application_train.parquet")
    write_table(bureau, directory / "bureau.parquet")
    return directory


def load_and_hang(directory: Path, address: str) -> None:
    """Load one applicant at a time, say so after the second, and wait for the end."""

    def progress(stage: str, done: int, _total: int | None, /) -> None:
        if stage == STAGE and done == 2:
            sys.stdout.write("half way\n")
            sys.stdout.flush()
            threading.Event().wait()

    load(directory, address, progress=progress, batch=1)
