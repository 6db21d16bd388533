"""Laws of the original tables: no synthetic row breaks one, hardly any real row does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit.synthetic import write_demo
from home_credit.synthetic.fidelity.laws import LAWS, Law, law_shares
from home_credit.tables.schema import APPLICATION, HISTORIES
from home_credit.tables.source import open_tables

if TYPE_CHECKING:
    from pathlib import Path

Tables = dict[str, pl.DataFrame]
# The share of real rows in which a law holds; most laws hold in all rows.
REAL_SHARE = 0.998


def read(folder: Path) -> Tables:
    with open_tables(folder, "all") as source:
        return {name: source.frames[name].collect() for name in (APPLICATION, *HISTORIES)}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("laws")
    write_demo(folder, 4_000, seed=11)
    return read(folder)


@pytest.fixture(scope="module")
def shares(tables: Tables) -> dict[tuple[str, str], tuple[int, float | None]]:
    return {(name, law): (rows, share) for name, law, rows, share in law_shares(tables).iter_rows()}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.table}: {law.text}")
def test_every_synthetic_row_keeps_the_law(
    law: Law, shares: dict[tuple[str, str], tuple[int, float | None]]
) -> None:
    rows, share = shares[law.table, law.text]
    assert rows > 0
    assert share == 1


BREACHES = {
    "an instalment is below the monthly income": {"AMT_INCOME_TOTAL": pl.lit(1.0)},
    "nobody is employed before 16": {"DAYS_EMPLOYED": pl.col("DAYS_BIRTH")},
    "of a social circle, at most those observed default (30 days)": {
        "DEF_30_CNT_SOCIAL_CIRCLE": pl.lit(99.0)
    },
    "no credit is granted before 18": {"DAYS_CREDIT": pl.lit(-30_000)},
    "no month is left out": {"MONTHS_BALANCE": pl.col("MONTHS_BALANCE") * 2},
    "all instalments together are at least the credit": {"AMT_ANNUITY": pl.col("AMT_ANNUITY") / 2},
    "days past due grow by a month at most": {"SK_DPD": pl.col("MONTHS_BALANCE") * 40 + 4_000},
    "an instalment has one due date and one amount": {"NUM_INSTALMENT_NUMBER": pl.lit(1)},
    "drawings are counted by kind": {"CNT_DRAWINGS_CURRENT": pl.col("CNT_DRAWINGS_CURRENT") + 1},
}


@pytest.mark.parametrize(("text", "breach"), BREACHES.items())
def test_a_broken_law_is_counted(text: str, breach: dict[str, pl.Expr], tables: Tables) -> None:
    name = next(law.table for law in LAWS if law.text == text)
    broken = law_shares(tables | {name: tables[name].with_columns(**breach)})
    share = broken.filter(pl.col("table") == name, pl.col("law") == text)["share"].item()
    assert share < 0.99


@pytest.mark.real_rows
def test_hardly_any_real_row_breaks_a_law(real_tables: Path) -> None:
    broken = law_shares(read(real_tables)).filter(pl.col("share").is_null() | (pl.col("share") < REAL_SHARE))
    assert broken.is_empty(), broken
