"""The demo portfolio: right tables, the same bytes for the same seed, coherent applicants."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow.parquet
import pytest

from home_credit.errors import UsageError
from home_credit.synthetic import write_demo
from home_credit.synthetic.application import CENT
from home_credit.synthetic.build import ROW_GROUP
from home_credit.synthetic.previous.terms import tariff_making
from home_credit.synthetic.prices import FEE, explain_instalments
from home_credit.synthetic.statistics import VariableStatistics, load_statistics
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET, table
from support.numbers import number

if TYPE_CHECKING:
    from pathlib import Path

Tables = dict[str, pl.DataFrame]
APPLICANTS = 2000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    write_demo(out, APPLICANTS, seed=3)
    return out


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return {path.stem: pl.read_parquet(path) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def everyone(tables: Tables) -> pl.DataFrame:
    return pl.concat([tables["application_train"].drop(TARGET), tables["application_test"]])


def test_tables_have_the_original_names_columns_and_types(tables: Tables) -> None:
    assert set(tables) == {"application_train", "application_test", *HISTORIES}
    for name in HISTORIES:
        assert dict(tables[name].schema) == polars_schema(table(name))
    schema = polars_schema(table(APPLICATION))
    assert dict(tables["application_test"].schema) == schema
    assert tables["application_train"].columns[:2] == [ID, TARGET]
    assert dict(tables["application_train"].drop(TARGET).schema) == schema


@pytest.mark.parametrize("name", [APPLICATION, *HISTORIES])
def test_categories_are_the_real_ones(tables: Tables, everyone: pl.DataFrame, name: str) -> None:
    frame = everyone if name == APPLICATION else tables[name]
    for column in table(name).columns.values():
        if column.dtype == "text" and column.values:
            assert set(frame[column.name].drop_nulls()) <= set(column.values), column.name


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, form: str) -> None:
    def digests(seed: int, out: Path) -> dict[str, str]:
        write_demo(out, 300, seed, "csv" if form == "csv" else "parquet")
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}

    first = digests(5, tmp_path / "first")
    assert first == digests(5, tmp_path / "again")
    assert first["bureau." + form] != digests(6, tmp_path / "other")["bureau." + form]


def test_both_formats_hold_the_same_rows(tmp_path: Path) -> None:
    write_demo(tmp_path, 200, seed=1)
    write_demo(tmp_path, 200, seed=1, format="csv")
    for name in ("application_test", *HISTORIES):
        parquet = pl.read_parquet(tmp_path / f"{name}.parquet")
        assert pl.read_csv(tmp_path / f"{name}.csv", schema=parquet.schema).equals(parquet), name


def test_applicants_are_split_as_in_the_original(tables: Tables, everyone: pl.DataFrame) -> None:
    assert everyone[ID].sort().to_list() == list(range(100001, 100001 + APPLICANTS))
    assert len(tables["application_train"]) == int(APPLICANTS * 307511 / 356255)
    assert tables["application_train"][ID].is_sorted()


def test_keys_are_unique_and_point_to_their_parents(tables: Tables, everyone: pl.DataFrame) -> None:
    assert tables["bureau"]["SK_ID_BUREAU"].is_unique().all()
    assert tables["previous_application"]["SK_ID_PREV"].is_unique().all()
    assert tables["bureau_balance"].select("SK_ID_BUREAU", "MONTHS_BALANCE").is_unique().all()
    assert tables["bureau_balance"].join(tables["bureau"], on="SK_ID_BUREAU", how="anti").is_empty()
    for name in ("POS_CASH_balance", "installments_payments", "credit_card_balance"):
        keys = ["SK_ID_PREV", ID]
        loose = tables[name].join(tables["previous_application"], on=keys, how="anti")
        older = tables["credit_card_balance"].filter(
            pl.col("MONTHS_BALANCE") == -96
        )  # before the applications known
        assert loose.join(older, on=keys, how="anti").is_empty(), name
        assert tables[name].join(everyone, on=ID, how="anti").is_empty(), name


def test_rows_are_sorted_by_applicant_in_small_groups(tmp_path: Path) -> None:
    write_demo(tmp_path, 4200, seed=2)
    for path in tmp_path.iterdir():
        if path.stem != "bureau_balance":
            assert pl.read_parquet(path, columns=[ID])[ID].is_sorted(), path.stem
        file = pyarrow.parquet.ParquetFile(path).metadata
        groups = [file.row_group(each).num_rows for each in range(file.num_row_groups)]
        assert max(groups) <= ROW_GROUP and len(groups) == -(-file.num_rows // ROW_GROUP), path.stem


def test_applicants_are_coherent(everyone: pl.DataFrame) -> None:
    assert everyone.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")["DAYS_EMPLOYED"].eq(365243).all()
    for measure in ("APARTMENTS", "FLOORSMAX"):
        missing = {tuple(everyone[f"{measure}{suffix}"].is_null()) for suffix in ("_AVG", "_MODE", "_MEDI")}
        assert len(missing) == 1
    assert everyone["EXT_SOURCE_1"].null_count() / APPLICANTS == pytest.approx(0.55, abs=0.05)


def test_applications_follow_the_price_list(everyone: pl.DataFrame) -> None:
    cash = everyone.filter(pl.col("NAME_CONTRACT_TYPE") == "Cash loans")
    credit, annuity = (cash[name].to_numpy() for name in ("AMT_CREDIT", "AMT_ANNUITY"))
    committed = {each["name"]: each for each in load_statistics()["application"]["variables"]}
    tariffs = tuple(int(value) for value in levels(committed["TARIFF"]))
    tariff, fee = explain_instalments(credit, annuity, tariffs, CENT)
    exact = np.floor(credit * (tariff // 100) / 100_000 / CENT + 1e-6) * CENT + fee * FEE
    assert np.allclose(exact, annuity)
    months = pl.Series(tariff % 100)
    premium = (cash["AMT_CREDIT"] / cash["AMT_GOODS_PRICE"] - 1) * 100_000 / months
    listed = np.array(levels(committed["PREMIUM"]))
    nearest = np.abs(premium.to_numpy()[:, None] - listed).min(axis=1)
    assert (
        float((nearest * cash["AMT_GOODS_PRICE"].to_numpy() * months.to_numpy() / 100_000 < CENT).mean())
        > 0.98
    )


def levels(statistics: VariableStatistics) -> list[float]:
    assert "values" in statistics
    return [value for value in statistics["values"] if isinstance(value, int | float)]


def test_most_earlier_cash_loans_follow_a_price_list(tables: Tables) -> None:
    """As in the original: 96.6 % of cash loans have a tariff with five decimals that ten or more have."""
    loans = tables["previous_application"].filter(
        pl.col("NAME_CONTRACT_TYPE") == "Cash loans", pl.col("CNT_PAYMENT") > 0
    )
    credit, annuity, months = (pl.col(name) for name in ("AMT_CREDIT", "AMT_ANNUITY", "CNT_PAYMENT"))
    made = loans.select(
        pl.coalesce(tariff_making(credit, annuity - fee, months) for fee in (0, FEE))
    ).to_series()
    assert number(made.is_not_null().mean()) > 0.9
    # A tenth as many tariffs as loans: they are shared, as in the original.
    assert made.drop_nulls().n_unique() < 0.1 * len(made)


def test_known_drivers_drive_default(tables: Tables) -> None:
    train = tables["application_train"]
    rate = train[TARGET].mean()
    assert rate == pytest.approx(0.0807, abs=0.02)
    for score in ("EXT_SOURCE_2", "EXT_SOURCE_3"):
        low, high = (
            number(train.filter(pl.col(score) < 0.35)[TARGET].mean()),
            number(train.filter(pl.col(score) > 0.65)[TARGET].mean()),
        )
        assert low > 1.8 * high, score


def test_histories_run_as_their_terms_say(tables: Tables) -> None:
    months = tables["bureau_balance"].join(
        tables["bureau"].select("SK_ID_BUREAU", "DAYS_CREDIT"), on="SK_ID_BUREAU"
    )
    first = months.group_by("SK_ID_BUREAU").agg(
        pl.col("MONTHS_BALANCE").min(),
        pl.len(),
        pl.col("DAYS_CREDIT").first(),
        last=pl.col("MONTHS_BALANCE").max(),
    )
    assert (first["last"] - first["MONTHS_BALANCE"] + 1 == first["len"]).all()
    assert (first["MONTHS_BALANCE"] - (first["DAYS_CREDIT"] / 30.44).floor()).is_between(0, 1).all()
    paid = tables["installments_payments"].filter(pl.col("NUM_INSTALMENT_VERSION") == 1)
    terms = tables["previous_application"].select("SK_ID_PREV", "CNT_PAYMENT", annuity="AMT_ANNUITY")
    joined = paid.join(terms, on="SK_ID_PREV")
    assert (joined["NUM_INSTALMENT_NUMBER"] <= joined["CNT_PAYMENT"]).all()
    assert np.allclose(joined["AMT_INSTALMENT"], joined["annuity"], atol=0.05)
    cards = tables["credit_card_balance"]
    assert (cards["AMT_BALANCE"] >= 0).all()
    assert number((cards["AMT_DRAWINGS_CURRENT"] > 0).mean()) > 0.05


def test_some_applicants_have_no_history(tables: Tables, everyone: pl.DataFrame) -> None:
    alone = everyone
    for name in ("bureau", "previous_application"):
        alone = alone.join(tables[name], on=ID, how="anti")
    assert 0 < len(alone) < 0.03 * APPLICANTS


def test_nothing_is_left_behind_by_a_failure(tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_demo(tmp_path, 50, seed=1, progress=fail)
    assert not list(tmp_path.iterdir())


def test_progress_is_reported(tmp_path: Path) -> None:
    reported: list[tuple[int, int]] = []
    write_demo(tmp_path, 4100, seed=1, progress=lambda done, total: reported.append((done, total)))
    assert reported == [(4000, 4100), (4100, 4100)]


@pytest.mark.parametrize(("applicants", "seed"), [(0, 1), (-5, 1), (10, -1)])
def test_senseless_numbers_are_refused(tmp_path: Path, applicants: int, seed: int) -> None:
    with pytest.raises(UsageError):
        write_demo(tmp_path, applicants, seed)
