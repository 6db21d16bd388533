"""Known applicants: found by id in any order of rows, without loss of values."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from home_credit.applicants.parquet import ApplicantStore
from home_credit.errors import TableError, UnknownApplicantError
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET, table
from home_credit.tables.source import open_tables
from support.tables import a_table, frame_of, write_table

if TYPE_CHECKING:
    from pathlib import Path

IDS = (5, 3, 9)
TEST_IDS = (4, 8, 1)


def fill(directory: Path, ending: str = ".parquet", /, **tables: pl.DataFrame) -> ApplicantStore:
    """Write a portfolio of six applicants, of whom 5 and 3 have a history."""
    made = {name: a_table(name, 4) for name in HISTORIES}
    made = {
        name: frame.with_columns(pl.Series(ID, [5, 3, 5, 77])) if ID in frame.columns else frame
        for name, frame in made.items()
    }
    made["application_train"] = a_table("application_train", **{ID: IDS})
    made["application_test"] = a_table("application_test", **{ID: TEST_IDS})
    for file, frame in {**made, **tables}.items():
        write_table(frame, directory / f"{file}{ending}")
    return ApplicantStore(directory)


def test_applicants_of_both_tables_are_known_in_order(tmp_path: Path) -> None:
    portfolio = fill(tmp_path)
    assert portfolio.total == 6
    assert portfolio.applicants() == [1, 3, 4, 5, 8, 9]
    assert portfolio.applicants(after=4, limit=2) == [5, 8]
    assert portfolio.applicants(after=9) == []


def test_an_applicant_s_rows_are_the_rows_of_the_tables(tmp_path: Path) -> None:
    portfolio = fill(tmp_path)
    bundle = portfolio.bundle(5)
    assert bundle[APPLICATION] == a_table("application_train", **{ID: IDS}).drop(TARGET).row(0, named=True)
    assert [row["SK_ID_PREV"] for row in bundle["previous_application"]] == [1000001, 1000003]
    assert [row["SK_ID_BUREAU"] for row in bundle["bureau_balance"]] == [5000001, 5000003]
    assert portfolio.bundle(8)[APPLICATION][ID] == 8
    assert all(portfolio.bundle(8)[name] == [] for name in HISTORIES)


@pytest.mark.parametrize("unknown", [2, 77, -1, 0, 2**63 - 1])
def test_nobody_else_is_known(tmp_path: Path, unknown: int) -> None:
    with pytest.raises(UnknownApplicantError, match=str(unknown)):
        fill(tmp_path).bundle(unknown)


def test_what_is_absent_is_null_in_the_application_and_left_out_of_histories(tmp_path: Path) -> None:
    applications = a_table("application_train", **{ID: IDS, "EXT_SOURCE_1": [math.nan, None, 0.5]})
    held = a_table("bureau", **{ID: IDS, "AMT_ANNUITY": [math.nan, None, 0.5]})
    portfolio = fill(tmp_path, application_train=applications, bureau=held)
    for applicant in (5, 3):
        bundle = portfolio.bundle(applicant)
        assert bundle[APPLICATION]["EXT_SOURCE_1"] is None
        assert "AMT_ANNUITY" not in bundle["bureau"][0]


def test_a_decimal_comes_as_a_number(tmp_path: Path) -> None:
    applications = a_table("application_train", **{ID: IDS}).with_columns(
        pl.Series("AMT_CREDIT", [Decimal("1.50")] * 3)
    )
    assert fill(tmp_path, application_train=applications).bundle(5)[APPLICATION]["AMT_CREDIT"] == 1.5


# A history that cannot be read is an error, not an applicant without history.


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
@pytest.mark.parametrize("file", ["application_test", "bureau"])
def test_csv_is_refused_by_name(tmp_path: Path, ending: str, file: str) -> None:
    portfolio = fill(tmp_path)
    (tmp_path / f"{file}.parquet").unlink()
    write_table(a_table(file), tmp_path / f"{file}{ending}")
    with pytest.raises(TableError, match="Parquet only") as caught:
        portfolio.bundle(1)
    assert caught.value.table == file


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    portfolio = fill(tmp_path)
    (tmp_path / "bureau.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TableError, match=r"bureau\.parquet cannot be read") as caught:
        portfolio.bundle(5)
    assert caught.value.table == "bureau"
    (tmp_path / "application_train.parquet").write_bytes(b"")
    with pytest.raises(TableError, match=r"application_train\.parquet cannot be read"):
        portfolio.applicants()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    portfolio = fill(tmp_path, POS_CASH_balance=a_table("POS_CASH_balance").drop("SK_DPD"))
    with pytest.raises(TableError, match="SK_DPD"):
        portfolio.bundle(5)


def frames_alone(directory: Path, applicant: int) -> dict[str, pl.DataFrame]:
    """Return what the whole tables hold of one applicant, in the order of their rows."""
    with open_tables(directory, "all") as source:
        whole = {name: frame.collect() for name, frame in source.frames.items()}
    mine = whole["bureau"].filter(pl.col(ID) == applicant)["SK_ID_BUREAU"]
    return {
        name: frame.filter(
            pl.col(ID) == applicant if ID in frame.columns else pl.col("SK_ID_BUREAU").is_in(mine.implode())
        )
        for name, frame in whole.items()
    }


@pytest.mark.parametrize("applicant", [5, 3, 9, 8])
def test_one_applicant_is_the_same_alone_and_in_the_whole_tables(tmp_path: Path, applicant: int) -> None:
    portfolio = fill(tmp_path)
    parsed = parse_bundle(portfolio.bundle(applicant))
    assert parsed.warnings == []
    for name, frame in frames_alone(tmp_path, applicant).items():
        assert_frame_equal(frame_of(parsed, name), frame, check_exact=True)


MONTHS = st.lists(
    st.tuples(
        st.integers(-96, 0),
        st.none() | st.floats(-1e6, 1e6),
        st.none() | st.sampled_from(table("POS_CASH_balance").columns["NAME_CONTRACT_STATUS"].values),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(months=MONTHS)
def test_the_rows_of_a_frame_give_the_frame_back(months: list[tuple[Any, ...]]) -> None:
    columns = ("MONTHS_BALANCE", "CNT_INSTALMENT", "NAME_CONTRACT_STATUS")
    values: dict[str, Any] = {
        name: pl.Series(name, [row[place] for row in months]) for place, name in enumerate(columns)
    }
    frame = a_table("POS_CASH_balance", len(months), **{ID: [5] * len(months)}, **values)
    frame = frame.cast(pl.Schema(polars_schema(table("POS_CASH_balance"))))
    application = a_table(APPLICATION, 1, **{ID: [5]})
    parsed = parse_bundle({APPLICATION: application.to_dicts(), "POS_CASH_balance": frame.to_dicts()})
    assert_frame_equal(frame_of(parsed, "POS_CASH_balance"), frame, check_exact=True)
    assert_frame_equal(frame_of(parsed, APPLICATION), application, check_exact=True)


@pytest.mark.real_rows
def test_real_applicants_are_the_same_alone_and_in_the_whole_tables(real_tables: Path) -> None:
    portfolio = ApplicantStore(real_tables)
    for applicant in (
        portfolio.applicants()[0],
        *portfolio.applicants(100002, 2),
        *portfolio.applicants(450000, 1),
    ):
        parsed = parse_bundle(portfolio.bundle(applicant))
        assert parsed.warnings == []
        for name, frame in frames_alone(real_tables, applicant).items():
            assert_frame_equal(
                frame_of(parsed, name), frame, check_exact=True, check_row_order=name != "bureau_balance"
            )
