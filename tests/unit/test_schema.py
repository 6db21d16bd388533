"""The seven tables as data: complete, consistent and readable in both languages."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit.tables.categories import categories
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TABLES, TARGET, Column, table

if TYPE_CHECKING:
    from pathlib import Path

WIDTHS = {
    "application": 121,
    "bureau": 17,
    "bureau_balance": 3,
    "previous_application": 37,
    "POS_CASH_balance": 8,
    "installments_payments": 8,
    "credit_card_balance": 23,
}
UNITS = {
    "area", "category", "code", "count", "currency", "days", "flag", "hour", "id", "months", "normalised",
    "rate", "years",
}  # fmt: skip
COLUMNS = [(name, column) for name in TABLES for column in table(name).columns.values()]
each_column = pytest.mark.parametrize(
    ("name", "column"), COLUMNS, ids=[f"{name}.{column.name}" for name, column in COLUMNS]
)


def test_every_table_has_its_columns() -> None:
    assert {name: len(table(name).columns) for name in TABLES} == WIDTHS


def test_the_target_is_no_column_of_the_application() -> None:
    assert TARGET not in table(APPLICATION).columns
    assert next(iter(table(APPLICATION).columns)) == ID


@pytest.mark.parametrize("name", TABLES)
def test_the_key_consists_of_required_columns(name: str) -> None:
    schema = table(name)
    assert all(schema.columns[column].required for column in schema.key)


@pytest.mark.parametrize("name", HISTORIES)
def test_every_history_leads_to_an_applicant(name: str) -> None:
    assert ID in table(name).columns or "SK_ID_BUREAU" in table(name).columns


@each_column
def test_a_column_is_described(name: str, column: Column) -> None:
    assert column.unit in UNITS
    assert column.en
    assert column.fr
    assert column.en != column.fr
    assert not re.search(r"[^\u00a0][;:?!]|'|\s$", column.fr), "French spaces and apostrophes"


@each_column
def test_values_and_sentinels_fit_the_type(name: str, column: Column) -> None:
    kind = str if column.dtype == "text" else int
    assert all(isinstance(value, kind) for value in (*column.values, *column.sentinels))
    assert len(set(column.values)) == len(column.values)
    if column.dtype == "text":
        assert column.values
        assert set(column.sentinels) <= set(column.values)


@each_column
def test_a_range_is_within_what_features_are_built_for(name: str, column: Column) -> None:
    if column.dtype == "text":
        assert (column.minimum, column.maximum) == (-math.inf, math.inf)
        return
    assert column.limit
    assert -column.limit <= column.minimum < column.maximum <= column.limit
    assert all(
        isinstance(value, int) and abs(value) <= column.limit for value in (*column.values, *column.sentinels)
    )
    assert column.required or not column.values or {*column.sentinels} <= {*column.values}
    if column.not_before:
        earlier = table(name).columns[column.not_before]
        assert earlier.required and earlier.dtype == column.dtype


def test_ranges_are_said_in_words() -> None:
    columns = table(APPLICATION).columns
    assert columns["DAYS_EMPLOYED"].accepted == "-36525 to 0 or 365243"
    assert columns["REGION_RATING_CLIENT_W_CITY"].accepted == "-1 or 1 or 2 or 3"
    assert columns[ID].accepted == "0 to 9007199254740991"


def test_known_sentinels_are_there() -> None:
    assert table(APPLICATION).columns["DAYS_EMPLOYED"].sentinels == (365243,)
    assert table(APPLICATION).columns["CODE_GENDER"].sentinels == ("XNA",)
    assert table("previous_application").columns["DAYS_TERMINATION"].sentinels == (365243,)


@pytest.mark.real_rows
@pytest.mark.parametrize("name", ["application_train", "application_test", *HISTORIES])
def test_the_schema_is_that_of_the_real_tables(name: str, real_tables: Path) -> None:
    real = dict(pl.scan_parquet(real_tables / f"{name}.parquet").collect_schema())
    real.pop(TARGET, None)
    schema = polars_schema(table(APPLICATION if name.startswith(APPLICATION) else name))
    assert list(real.items()) == list(schema.items())


def test_every_category_of_the_schema_has_a_name_in_both_languages() -> None:
    wanted: dict[str, set[str]] = {}
    for _, column in COLUMNS:
        if column.dtype == "text":
            wanted.setdefault(column.name, set()).update(map(str, column.values))
    assert {column: set(names) for column, names in categories().items()} == wanted


def test_no_category_is_told_as_the_tables_write_it() -> None:
    for column, names in categories().items():
        for raw, name in names.items():
            if raw in {"XNA", "XAP", "Unknown", "not specified"}:
                assert name == ("not stated", "non renseigné"), column
            for words in name:
                assert words and words == words.strip() and not words.endswith("."), raw
                assert not re.search(r"XNA|XAP|_|/| [:;?!]", words), raw
        told = [name for raw, name in names.items() if name != ("not stated", "non renseigné")]
        assert len({name.en for name in told}) == len({name.fr for name in told}) == len(told), column
