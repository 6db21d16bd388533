"""Small portfolios for the store of applicants, and what a process of its own does to one."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import strategies as st

from home_credit.applicants.loading import STAGE, load
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import HISTORIES, ID, SMALLEST, table
from support.tables import a_table, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IDS = (5, 3, 9)
TEST_IDS = (4, 8, 1)
AMOUNTS = st.just(-0.0) | st.floats(SMALLEST, 1e6)
COUNTS = st.just(-0.0) | st.floats(SMALLEST, 1e4)
SCORES = st.just(-0.0) | st.floats(SMALLEST, 1.0)


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


@st.composite
def portfolios(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    """Some applicants with months, instalments and bureau credits in any order, some of nobody."""
    ids = draw(st.lists(st.integers(0, 2**53 - 1), min_size=1, max_size=6, unique=True))
    owners = st.sampled_from([*ids, 0])
    missing = st.none()
    characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    texts = missing | st.text(characters, max_size=8) | st.sampled_from(["Active", "Completed"])

    def rows(**columns: st.SearchStrategy[Any]) -> dict[str, list[Any]]:
        count = draw(st.integers(0, 8))
        return {name: [draw(values) for _ in range(count)] for name, values in columns.items()}

    def a_history(name: str, columns: dict[str, list[Any]]) -> pl.DataFrame:
        return a_table(name, len(next(iter(columns.values()))), **columns).cast(
            pl.Schema(polars_schema(table(name)))
        )

    months = rows(
        SK_ID_CURR=owners, MONTHS_BALANCE=st.integers(-96, 0), CNT_INSTALMENT=missing | COUNTS,
        NAME_CONTRACT_STATUS=texts,
    )  # fmt: skip
    credits_held = rows(SK_ID_CURR=owners, AMT_CREDIT_SUM=missing | AMOUNTS, CREDIT_TYPE=texts)
    one_too_many = st.integers(5000001, 5000001 + len(credits_held[ID]))
    balances = rows(SK_ID_BUREAU=one_too_many, MONTHS_BALANCE=st.integers(-96, 0))
    scores, jobs = ([draw(values) for _ in ids] for values in (missing | SCORES, texts))
    application: dict[str, list[Any]] = {ID: ids, "EXT_SOURCE_1": scores, "OCCUPATION_TYPE": jobs}
    return {
        "application_train": a_table("application_train", len(ids), **application),
        "POS_CASH_balance": a_history("POS_CASH_balance", months),
        "bureau": a_history("bureau", credits_held),
        "bureau_balance": a_history("bureau_balance", balances),
    }


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
