"""Parsing of one applicant's rows: errors, warnings and unchanged values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.errors import BundleError
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.rows import checked_row
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, Column, table
from home_credit.tables.values import _columns_by_value, checked_columns, checked_value
from support.tables import frame_of

REQUIRED = {
    "SK_ID_CURR": 100001,
    "NAME_CONTRACT_TYPE": "Cash loans",
    "AMT_INCOME_TOTAL": 150000.0,
    "AMT_CREDIT": 432000.0,
    "DAYS_BIRTH": -15230,
}


def application(**changes: Any) -> dict[str, Any]:
    return {**dict.fromkeys(table(APPLICATION).columns), **REQUIRED, **changes}


def refused(bundle: dict[str, Any]) -> BundleError:
    with pytest.raises(BundleError) as caught:
        parse_bundle(bundle)
    return caught.value


def test_the_smallest_bundle_is_an_application_with_what_is_required() -> None:
    parsed = parse_bundle({"application": REQUIRED})
    assert parsed.applicant_id == 100001
    assert list(parsed.application) == list(table(APPLICATION).columns)
    assert parsed.histories == {name: {} for name in HISTORIES}
    assert len(parsed.warnings) == 1
    assert "116 columns are absent" in parsed.warnings[0]


def test_explicit_nulls_and_target_are_silent() -> None:
    assert parse_bundle({"application": application(TARGET=1)}).warnings == []


@pytest.mark.parametrize(
    ("bundle", "field", "words"),
    [
        ({}, "application", "one row"),
        ({"application": [REQUIRED, REQUIRED]}, "application", "one row"),
        ({"application": REQUIRED, "loans": []}, "loans", "unknown table"),
        ({"application": {**REQUIRED, "AMT_CREDITS": 1}}, "application.AMT_CREDITS", "not a column"),
        ({"application": {**REQUIRED, "AMT_CREDIT": None}}, "application.AMT_CREDIT", "needed"),
        ({"application": {**REQUIRED, "AMT_CREDIT": "432000"}}, "application.AMT_CREDIT", "a number is needed"),
        ({"application": {**REQUIRED, "AMT_CREDIT": float("inf")}}, "application.AMT_CREDIT", "finite"),
        ({"application": {**REQUIRED, "AMT_CREDIT": float("nan")}}, "application.AMT_CREDIT", "finite"),
        ({"application": {**REQUIRED, "AMT_CREDIT": 1e11}}, "application.AMT_CREDIT", "beyond any currency"),
        ({"application": {**REQUIRED, "AMT_CREDIT": 10**400}}, "application.AMT_CREDIT", "beyond any currency"),
        ({"application": {**REQUIRED, "DAYS_BIRTH": -float("inf")}}, "application.DAYS_BIRTH", "a whole number"),
        ({"application": {**REQUIRED, "SK_ID_CURR": None}}, "application.SK_ID_CURR", "needed"),
        ({"application": REQUIRED, "bureau": {}}, "bureau", "a list of rows"),
        ({"application": {**REQUIRED, "AMT_CREDIT": True}}, "application.AMT_CREDIT", "a number is needed"),
        ({"application": {**REQUIRED, "DAYS_BIRTH": -1.5}}, "application.DAYS_BIRTH", "a whole number"),
        ({"application": {**REQUIRED, "SK_ID_CURR": 2**70}}, "application.SK_ID_CURR", "64 bits"),
        ({"application": {**REQUIRED, "SK_ID_CURR": 2**53}}, "application.SK_ID_CURR", "beyond any id"),
        ({"application": {**REQUIRED, "FLAG_MOBIL": 2**53}}, "application.FLAG_MOBIL", "beyond any flag"),
        ({"application": {**REQUIRED, "NAME_INCOME_TYPE": 3}}, "application.NAME_INCOME_TYPE", "text"),
        ({"application": REQUIRED, "bureau": {"a": 1}}, "bureau", "a list of rows"),
        ({"application": REQUIRED, "bureau": [3]}, "bureau[0]", "a row"),
        (
            {"application": REQUIRED, "bureau": [{"SK_ID_BUREAU": 5, "DAYS_CREDIT": -1}, {"SK_ID_BUREAU": 6, "DAYS_CREDIT": "x"}]},
            "bureau[1].DAYS_CREDIT",
            "a whole number",
        ),
        (
            {"application": REQUIRED, "bureau": [{"SK_ID_CURR": 2, "SK_ID_BUREAU": 5, "DAYS_CREDIT": -1}]},
            "bureau[0].SK_ID_CURR",
            "belongs to 2",
        ),
        (
            {"application": REQUIRED, "bureau": [{"SK_ID_BUREAU": held, "DAYS_CREDIT": -1} for held in (5, 6, 6, 5)]},
            "bureau[2].SK_ID_BUREAU",
            "twice",
        ),
    ],
)  # fmt: skip
def test_what_breaks_the_schema_is_refused_by_name(bundle: dict[str, Any], field: str, words: str) -> None:
    error = refused(bundle)
    assert error.field == field
    assert words in str(error)


def test_a_category_never_seen_is_missing_with_a_warning() -> None:
    parsed = parse_bundle({"application": application(NAME_INCOME_TYPE="Astronaut")})
    assert parsed.application["NAME_INCOME_TYPE"] is None
    assert parsed.warnings == [
        "application.NAME_INCOME_TYPE: 'Astronaut' is not a known value and counts as missing"
    ]


def test_a_level_never_seen_is_used_with_a_warning() -> None:
    parsed = parse_bundle({"application": application(FLAG_EMAIL=7)})
    assert parsed.application["FLAG_EMAIL"] == 7
    assert parsed.warnings == ["application.FLAG_EMAIL: 7 is not a known value and is used as it is"]


def test_whole_floats_are_integers_and_integers_are_numbers() -> None:
    parsed = parse_bundle({"application": application(CNT_CHILDREN=2.0, AMT_CREDIT=5)})
    amounts = [parsed.application[name] for name in ("CNT_CHILDREN", "AMT_CREDIT")]
    assert [(type(amount), amount) for amount in amounts] == [(int, 2), (float, 5.0)]


def test_months_of_a_credit_that_is_not_there_are_ignored_with_a_warning() -> None:
    months = [
        {"SK_ID_BUREAU": 5, "MONTHS_BALANCE": 0, "STATUS": "C"},
        {"SK_ID_BUREAU": 6, "MONTHS_BALANCE": 0, "STATUS": "C"},
    ]
    parsed = parse_bundle(
        {
            "application": application(),
            "bureau": [{"SK_ID_BUREAU": 5, "DAYS_CREDIT": -9}],
            "bureau_balance": months,
        }
    )
    balance = parsed.histories["bureau_balance"]
    assert balance["STATUS"] == ["C"]
    assert list(balance["SK_ID_BUREAU"]) == [5.0]
    assert "1 rows belong to no row of bureau" in parsed.warnings[0]


def _value(column: Column) -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any]
    if column.dtype == "text":
        values = st.sampled_from(column.values or ("free text",))
    elif column.dtype == "integer":
        values = st.integers(-900_000, 900_000)
    else:
        values = st.floats(-9e5, 9e5)
    return values if column.required else st.none() | values


@settings(max_examples=40)  # of 140 columns each
@given(st.data())
def test_rows_come_back_as_they_went_in(data: st.DataObject) -> None:
    bundle: dict[str, Any] = {
        APPLICATION: {name: data.draw(_value(column)) for name, column in table(APPLICATION).columns.items()}
    }
    for name in ("POS_CASH_balance", "credit_card_balance"):
        row = {column: data.draw(_value(facts)) for column, facts in table(name).columns.items()}
        bundle[name] = [{**row, ID: bundle[APPLICATION][ID]}]
    parsed = parse_bundle(bundle)
    assert parsed.application == bundle[APPLICATION]
    for name in ("POS_CASH_balance", "credit_card_balance"):
        assert frame_of(parsed, name).to_dicts() == bundle[name]


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        -0.0,
        0.5,
        7,
        2.0**53,
        10**400,
        float("nan"),
        float("-inf"),
        "XNA",
        "Astronaut",
        [],
        {"a": 1},
    ]
)


@given(st.data())
@settings(deadline=None)
def test_columns_checked_at_once_are_as_checked_one_by_one(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(HISTORIES))
    columns = table(name).columns
    named = data.draw(st.sets(st.sampled_from(list(columns))))
    drawn = {
        column: _value(columns[column]) for column in columns if column in named or columns[column].required
    }
    rows = data.draw(st.lists(st.fixed_dictionaries(drawn), min_size=1, max_size=4))
    if data.draw(st.booleans()):
        row, column = data.draw(st.sampled_from(rows)), data.draw(st.sampled_from(list(columns)))
        row[column] = data.draw(ODD)
    outcomes: list[Any] = []
    for check in (checked_columns, _columns_by_value):
        warnings: list[str] = []
        try:
            found = check(name, rows, warnings)
        except BundleError as error:
            outcomes.append(str(error))
        else:
            # A column that no row has may be left out.
            present = {
                column: repr(list(values))
                for column, values in found.items()
                if any(column in row for row in rows)
            }
            outcomes.append((present, warnings))
    assert outcomes[0] == outcomes[1]


@given(st.data())
@settings(deadline=None)
def test_a_row_checked_at_once_is_as_checked_value_by_value(data: st.DataObject) -> None:
    columns = table(APPLICATION).columns
    row = {name: data.draw(_value(column)) for name, column in columns.items()}
    for name in data.draw(st.lists(st.sampled_from(list(columns)), max_size=3)):
        row[name] = data.draw(ODD)

    def by_value(name: str, row: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
        return {
            column: checked_value(row.get(column), facts, name, warnings) for column, facts in columns.items()
        }

    outcomes: list[Any] = []
    for check in (checked_row, by_value):
        warnings: list[str] = []
        try:
            outcomes.append((repr(check(APPLICATION, row, warnings)), warnings))
        except BundleError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
