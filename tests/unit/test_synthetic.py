"""The demo portfolio: right tables, the same bytes for the same seed, people who hang together."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow.parquet
import pytest

from home_credit.errors import UsageError
from home_credit.synthetic import write_demo
from home_credit.synthetic.build import ROW_GROUP
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


def test_people_hang_together(everyone: pl.DataFrame) -> None:
    pensioner = everyone["NAME_INCOME_TYPE"].is_in(["Pensioner", "Unemployed"])
    assert number((everyone["DAYS_EMPLOYED"].eq(365243) == pensioner).mean()) > 0.99
    assert number((everyone["ORGANIZATION_TYPE"].eq("XNA") == pensioner).mean()) > 0.99
    assert number((everyone["OWN_CAR_AGE"].is_not_null() == everyone["FLAG_OWN_CAR"].eq("Y")).mean()) > 0.99
    assert (everyone["DAYS_BIRTH"] < -7000).all()
    for measure in ("APARTMENTS", "FLOORSMAX"):
        missing = {tuple(everyone[f"{measure}{suffix}"].is_null()) for suffix in ("_AVG", "_MODE", "_MEDI")}
        assert len(missing) == 1
    assert everyone["EXT_SOURCE_1"].null_count() / APPLICANTS == pytest.approx(0.55, abs=0.05)


def test_terms_follow_a_price_list(everyone: pl.DataFrame) -> None:
    cash = everyone.filter(pl.col("NAME_CONTRACT_TYPE") == "Cash loans")
    ratio = cash["AMT_CREDIT"] / cash["AMT_GOODS_PRICE"]
    assert number((ratio.round(3) >= 0.9).mean()) > 0.99
    assert ((cash["AMT_CREDIT"] / 4.5).round(6) % 1 == 0).all()
    assert number((cash["AMT_ANNUITY"] / cash["AMT_CREDIT"]).is_between(0.01, 0.15).mean()) > 0.99


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


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_demo(tmp_path, 4100, seed=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(4000, 4100), (4100, 4100)]


@pytest.mark.parametrize(("applicants", "seed"), [(0, 1), (-5, 1), (10, -1)])
def test_senseless_numbers_are_refused(tmp_path: Path, applicants: int, seed: int) -> None:
    with pytest.raises(UsageError):
        write_demo(tmp_path, applicants, seed)
