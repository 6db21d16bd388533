"""Parsing of one applicant's rows: errors, warnings and unchanged values."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.errors import BundleError, Fault
from home_credit.tables.bundle import parse_application, parse_bundle
from home_credit.tables.findings import MOST_TOLD, Findings
from home_credit.tables.histories import checked_columns
from home_credit.tables.rows import checked_row, plain_row
from home_credit.tables.schema import (
    APPLICATION,
    HISTORIES,
    ID,
    MOST_ROWS,
    MOST_ROWS_IN_ALL,
    table,
)
from home_credit.tables.values import checked_value
from support.ranges import employed, kind, values_of
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
        ({"application": {**REQUIRED, "AMT_CREDIT": 1e11}}, "application.AMT_CREDIT", "1 to 1000000000"),
        ({"application": {**REQUIRED, "AMT_CREDIT": 10**400}}, "application.AMT_CREDIT", "more than 38 digits is out of range"),
        ({"application": {**REQUIRED, "AMT_CREDIT": 10**5000}}, "application.AMT_CREDIT", "more than 38 digits"),
        ({"application": {**REQUIRED, "CNT_CHILDREN": -(10**400)}}, "application.CNT_CHILDREN", "0 to 100"),
        ({"application": {**REQUIRED, "CNT_CHILDREN": 1e300}}, "application.CNT_CHILDREN", "0 to 100"),
        ({"application": {**REQUIRED, "AMT_GOODS_PRICE": 1e-310}}, "application.AMT_GOODS_PRICE", "too close to zero"),
        ({"application": {**REQUIRED, "AMT_ANNUITY": 5e-324}}, "application.AMT_ANNUITY", "too close to zero"),
        ({"application": {**REQUIRED, "EXT_SOURCE_2": 57}}, "application.EXT_SOURCE_2", "57 is out of range: 0 to 1"),
        ({"application": {**REQUIRED, "EXT_SOURCE_3": -3.0}}, "application.EXT_SOURCE_3", "-3.0 is out of range"),
        ({"application": {**REQUIRED, "AMT_INCOME_TOTAL": -1}}, "application.AMT_INCOME_TOTAL", "1 to 1000000000"),
        ({"application": {**REQUIRED, "AMT_CREDIT": 0}}, "application.AMT_CREDIT", "0 is out of range"),
        ({"application": {**REQUIRED, "DAYS_BIRTH": 300}}, "application.DAYS_BIRTH", "-43830 to -5844"),
        ({"application": {**REQUIRED, "DAYS_EMPLOYED": -15231}}, "application.DAYS_EMPLOYED", "-15231 is before DAYS_BIRTH, -15230"),
        ({"application": {**REQUIRED, "DAYS_EMPLOYED": 365242}}, "application.DAYS_EMPLOYED", "-36525 to 0 or 365243"),
        ({"application": {**REQUIRED, "FLAG_EMAIL": 7}}, "application.FLAG_EMAIL", "7 is out of range: 0 or 1"),
        ({"application": {**REQUIRED, "NAME_INCOME_TYPE": "x" * 201}}, "application.NAME_INCOME_TYPE", "at most 200"),
        ({"application": {**REQUIRED, "NAME_INCOME_TYPE": "a\0b"}}, "application.NAME_INCOME_TYPE", "NUL"),
        ({"application": {**REQUIRED, "NAME_INCOME_TYPE": ["x"] * 9}}, "application.NAME_INCOME_TYPE", "not a list"),
        ({"application": {**REQUIRED, "DAYS_BIRTH": -float("inf")}}, "application.DAYS_BIRTH", "a whole number"),
        ({"application": {**REQUIRED, "SK_ID_CURR": None}}, "application.SK_ID_CURR", "needed"),
        ({"application": REQUIRED, "bureau": {}}, "bureau", "a list of rows"),
        ({"application": {**REQUIRED, "AMT_CREDIT": True}}, "application.AMT_CREDIT", "a number is needed"),
        ({"application": {**REQUIRED, "DAYS_BIRTH": -1.5}}, "application.DAYS_BIRTH", "a whole number"),
        ({"application": {**REQUIRED, "SK_ID_CURR": 2**70}}, "application.SK_ID_CURR", "0 to 9007199254740991"),
        ({"application": {**REQUIRED, "SK_ID_CURR": 2**53}}, "application.SK_ID_CURR", "out of range"),
        ({"application": {**REQUIRED, "FLAG_MOBIL": 2**53}}, "application.FLAG_MOBIL", "out of range"),
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


HELD = {"SK_ID_PREV": 5, "SK_ID_CURR": 100001}


@pytest.mark.parametrize(
    ("name", "row", "column", "words"),
    [
        ("installments_payments", {**HELD, "DAYS_INSTALMENT": 20}, "DAYS_INSTALMENT", "-36525 to 0"),
        (
            "installments_payments",
            {**HELD, "DAYS_INSTALMENT": -20, "DAYS_ENTRY_PAYMENT": 1.0},
            "DAYS_ENTRY_PAYMENT",
            "1.0 is out of range",
        ),
        (
            "installments_payments",
            {**HELD, "DAYS_INSTALMENT": -20, "NUM_INSTALMENT_VERSION": 10**400},
            "NUM_INSTALMENT_VERSION",
            "0 to 10000",
        ),
        (
            "previous_application",
            {**HELD, "DAYS_DECISION": -20, "NFLAG_INSURED_ON_APPROVAL": 9.3e18},
            "NFLAG_INSURED_ON_APPROVAL",
            "0 or 1",
        ),
        (
            "previous_application",
            {**HELD, "DAYS_DECISION": -20, "AMT_CREDIT": 1e-310},
            "AMT_CREDIT",
            "too close to zero",
        ),
        (
            "previous_application",
            {**HELD, "DAYS_DECISION": -20, "DAYS_LAST_DUE": 365242.0},
            "DAYS_LAST_DUE",
            "or 365243",
        ),
        ("POS_CASH_balance", {**HELD, "MONTHS_BALANCE": 1}, "MONTHS_BALANCE", "-1200 to 0"),
        ("credit_card_balance", {**HELD, "MONTHS_BALANCE": -1201}, "MONTHS_BALANCE", "-1200 to 0"),
        ("bureau_balance", {"SK_ID_BUREAU": 5, "MONTHS_BALANCE": 2}, "MONTHS_BALANCE", "-1200 to 0"),
        (
            "bureau",
            {"SK_ID_BUREAU": 5, "SK_ID_CURR": 100001, "DAYS_CREDIT": 9},
            "DAYS_CREDIT",
            "9 is out of range",
        ),
    ],
)
@pytest.mark.parametrize("whole", [True, False], ids=["every column", "some columns"])
def test_what_no_history_can_hold_is_refused_by_name(
    name: str, row: dict[str, Any], column: str, words: str, *, whole: bool
) -> None:
    rows = [{**dict.fromkeys(table(name).columns), **row}] if whole else [row]
    error = refused({"application": REQUIRED, name: rows})
    assert error.field == f"{name}[0].{column}"
    assert len(error.faults) == 1
    assert words in str(error)


def test_what_the_tables_of_2018_hold_is_accepted() -> None:
    parsed = parse_bundle(
        {
            "application": application(
                AMT_INCOME_TOTAL=117_000_000, DAYS_EMPLOYED=365243, OWN_CAR_AGE=91, CNT_CHILDREN=20,
                OBS_30_CNT_SOCIAL_CIRCLE=354, AMT_REQ_CREDIT_BUREAU_QRT=261, REGION_RATING_CLIENT_W_CITY=-1,
                EXT_SOURCE_2=8.17e-08, EXT_SOURCE_1=0.9627,
            ),
            "bureau": [
                {
                    "SK_ID_BUREAU": 1, "DAYS_CREDIT": -2922, "DAYS_CREDIT_ENDDATE": -42060, "DAYS_ENDDATE_FACT": -42023,
                    "DAYS_CREDIT_UPDATE": 372, "AMT_CREDIT_SUM": 585e6, "AMT_CREDIT_SUM_DEBT": -4_705_600.32,
                    "AMT_CREDIT_SUM_LIMIT": -586_406.11, "AMT_CREDIT_MAX_OVERDUE": 115_987_185, "AMT_ANNUITY": 118_453_423.5,
                },
                {"SK_ID_BUREAU": 2, "DAYS_CREDIT": 0, "DAYS_CREDIT_ENDDATE": 31199},
            ],
            "previous_application": [
                {
                    "SK_ID_PREV": 1, "DAYS_DECISION": -1, "DAYS_FIRST_DRAWING": 365243, "DAYS_TERMINATION": 365243,
                    "RATE_DOWN_PAYMENT": -1.5e-5, "AMT_DOWN_PAYMENT": -0.9, "SELLERPLACE_AREA": -1,
                },
                {"SK_ID_PREV": 2, "DAYS_DECISION": -2922, "SELLERPLACE_AREA": 4_000_000, "AMT_ANNUITY": 0.0},
            ],
            "installments_payments": [
                {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -1, "DAYS_ENTRY_PAYMENT": -4921, "NUM_INSTALMENT_VERSION": 178}
            ],
            "credit_card_balance": [
                {"SK_ID_PREV": 1, "MONTHS_BALANCE": -96, "AMT_BALANCE": -420_250.18, "AMT_DRAWINGS_ATM_CURRENT": -6827.31}
            ],
        }
    )  # fmt: skip
    assert parsed.warnings == []
    assert len(parsed.histories["bureau"][ID]) == 2


@pytest.mark.parametrize("held", [{}, {"SK_ID_CURR": None}, {"SK_ID_CURR": 100001}, {"SK_ID_CURR": 100001.0}])
@pytest.mark.parametrize("whole", [True, False], ids=["every column", "some columns"])
def test_a_row_belongs_to_the_applicant_unless_it_says_otherwise(
    held: dict[str, Any], *, whole: bool
) -> None:
    row = {**(dict.fromkeys(table("bureau").columns) if whole else {}), "SK_ID_BUREAU": 5, "DAYS_CREDIT": -1}
    parsed = parse_bundle({"application": application(), "bureau": [{**row, **held}]})
    assert list(parsed.histories["bureau"][ID]) == [100001.0]


def test_rows_of_an_application_without_its_key_are_checked() -> None:
    row = {"SK_ID_BUREAU": 5, "DAYS_CREDIT": 1}
    error = refused(
        {"application": {**REQUIRED, "SK_ID_CURR": None}, "bureau": [row, {**row, "SK_ID_CURR": 7}]}
    )
    assert [fault.field for fault in error.faults] == [
        "application.SK_ID_CURR",
        "bureau[0].DAYS_CREDIT",
        "bureau[1].DAYS_CREDIT",
        "bureau[1].SK_ID_BUREAU",
    ]


# All faults at once, and what they echo.


def test_all_faults_of_a_request_are_named_in_order() -> None:
    error = refused(
        {
            "application": {**REQUIRED, "EXT_SOURCE_1": 2, "AMT_CREDITS": 1},
            "bureau": [{"DAYS_CREDIT": 5}, 7, {"SK_ID_BUREAU": 5, "DAYS_CREDIT": -1, "SK_ID_CURR": 3}],
            "loans": [],
        }
    )
    assert [fault.field for fault in error.faults] == [
        "loans",
        "application.AMT_CREDITS",
        "application.EXT_SOURCE_1",
        "bureau[1]",
        "bureau[0].SK_ID_BUREAU",
        "bureau[0].DAYS_CREDIT",
        "bureau[2].SK_ID_CURR",
    ]
    assert error.field == "loans"
    assert str(error).startswith("loans: unknown table")
    assert str(error).endswith("(and 6 more faults)")


def test_faults_beyond_the_first_are_counted() -> None:
    rows = [{"SK_ID_BUREAU": place, "DAYS_CREDIT": 1, "CREDIT_DAY_OVERDUE": -1} for place in range(5000)]
    error = refused({"application": REQUIRED, "bureau": rows})
    assert len(error.faults) == MOST_TOLD
    assert error.more == 10_000 - MOST_TOLD
    assert error.faults[:2] == (
        Fault("bureau[0].DAYS_CREDIT", "1 is out of range: -36525 to 0"),
        Fault("bureau[0].CREDIT_DAY_OVERDUE", "-1 is out of range: 0 to 36525"),
    )
    assert error.faults[-1].field == f"bureau[{MOST_TOLD // 2 - 1}].CREDIT_DAY_OVERDUE"
    assert str(error).endswith(f"(and {10_000 - 1} more faults)")


def test_warnings_beyond_the_first_are_counted() -> None:
    kind = {"CREDIT_TYPE": "Loan of a friend", "DAYS_CREDIT": -1}
    parsed = parse_bundle(
        {"application": application(), "bureau": [{"SK_ID_BUREAU": place, **kind} for place in range(5000)]}
    )
    assert len(parsed.warnings) == MOST_TOLD + 1
    assert parsed.warnings[0].startswith("bureau[0].CREDIT_TYPE: 'Loan of a friend' is not a known value")
    assert parsed.warnings[-1] == f"bureau: {5000 - MOST_TOLD} more values are not known"
    assert parsed.histories["bureau"]["CREDIT_TYPE"] == [None] * 5000


@pytest.mark.parametrize(
    "bundle",
    [
        {"application": {**REQUIRED, "x" * 10**6: 1}},
        {"application": REQUIRED, "x" * 10**6: 1},
        {"application": REQUIRED, "bureau": [{"x" * 10**6: 1}]},
        {"application": {**REQUIRED, "AMT_CREDIT": "x" * 10**6}},
        {"application": {**REQUIRED, "AMT_CREDIT": 10**4000}},
        {"application": {**REQUIRED, "AMT_CREDIT": [[1] * 10**6]}},
        {"application": {**REQUIRED, "NAME_INCOME_TYPE": "x" * 10**6}},
        {"application": {**REQUIRED, **{f"column {number}": 1 for number in range(100_000)}}},
    ],
)
def test_what_is_echoed_is_short(bundle: dict[str, Any]) -> None:
    error = refused(bundle)
    assert len(str(error)) < 300
    assert sum(len(part) for fault in error.faults for part in fault) < 2500


# Rows of one applicant.


def instalments(rows: int) -> list[dict[str, Any]]:
    return [{"SK_ID_PREV": 1, "DAYS_INSTALMENT": -1 - row % 3000, "AMT_PAYMENT": 5.0} for row in range(rows)]


def test_an_applicant_may_have_thousands_of_instalments() -> None:
    parsed = parse_bundle({"application": application(), "installments_payments": instalments(5000)})
    assert len(parsed.histories["installments_payments"]["AMT_PAYMENT"]) == 5000


def test_too_many_rows_are_refused_by_the_name_of_the_table() -> None:
    error = refused(
        {
            "application": REQUIRED,
            "installments_payments": [{}] * (MOST_ROWS + 1),
            "bureau": [[]] * (MOST_ROWS + 1),
        }
    )
    assert error.faults == (
        Fault("bureau", "has 20001 rows; at most 20000 can be used"),
        Fault("installments_payments", "has 20001 rows; at most 20000 can be used"),
    )


def test_too_many_rows_in_all_are_refused() -> None:
    tables = ("installments_payments", "POS_CASH_balance", "bureau_balance")
    error = refused({"application": REQUIRED, **dict.fromkeys(tables, [{}] * MOST_ROWS)})
    assert f"60000 rows in all; at most {MOST_ROWS_IN_ALL}" in str(error)
    assert error.field in tables


def test_the_application_of_a_known_applicant_is_checked_alike() -> None:
    with pytest.raises(BundleError) as caught:
        parse_application(application(EXT_SOURCE_1=-1, DAYS_EMPLOYED=-20000), [])
    assert [fault.field for fault in caught.value.faults] == [
        "application.EXT_SOURCE_1",
        "application.DAYS_EMPLOYED",
    ]
    assert parse_application(application(TARGET="any"), [1.0]).history_features == [1.0]


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


@settings(max_examples=40)  # of 140 columns each
@given(st.data())
def test_rows_come_back_as_they_went_in(data: st.DataObject) -> None:
    bundle: dict[str, Any] = {
        APPLICATION: employed(
            {name: data.draw(values_of(column)) for name, column in table(APPLICATION).columns.items()}
        )
    }
    for name in ("POS_CASH_balance", "credit_card_balance"):
        row = {column: data.draw(values_of(facts)) for column, facts in table(name).columns.items()}
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
        9.3e18,
        1e-310,
        -1e-13,
        365243,
        float("nan"),
        float("-inf"),
        "XNA",
        "Astronaut",
        "a\0",
        [],
        {"a": 1},
    ]
)


def faults_and_warnings(findings: Findings) -> tuple[Any, list[str]]:
    try:
        findings.raise_faults()
    except BundleError as error:
        return (error.faults, error.more), findings.warnings
    return None, findings.warnings


def written(value: float | str | None) -> str | None:
    """A value so that -0.0 differs from 0.0, and an integer not from its float; missing for NaN."""
    if isinstance(value, str) or value is None:
        return value
    return None if math.isnan(value) else repr(float(value))


def by_value(name: str, rows: list[dict[str, Any]], findings: Findings) -> dict[str, list[Any]]:
    """The simplest check there is: one value after the other."""
    columns = table(name).columns
    checked: dict[str, list[Any]] = {column: [] for column in columns}
    for place, row in enumerate(rows):
        for column, facts in columns.items():
            value, finding = checked_value(row.get(column), facts)
            if column == ID and finding is None and value != 100001:
                findings.fault(f"{name}[{place}].{ID}", f"belongs to {row[ID]!r}, the application is 100001")
            if finding:
                findings.value(f"{name}[{place}].{column}", finding)
            checked[column].append(value)
    return checked


@given(st.data())
@settings(deadline=None)
def test_columns_checked_at_once_are_as_checked_one_by_one(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(HISTORIES))
    columns = table(name).columns
    named = data.draw(st.just(set(columns)) | st.sets(st.sampled_from(list(columns))))
    drawn = {
        column: st.just(100001) if column == ID else values_of(columns[column])
        for column in columns
        if column in named or columns[column].required
    }
    rows = data.draw(st.lists(st.fixed_dictionaries(drawn), min_size=1, max_size=4))
    for _ in range(data.draw(st.integers(0, 3))):
        row, column = data.draw(st.sampled_from(rows)), data.draw(st.sampled_from(list(columns)))
        row[column] = data.draw(ODD)
        if column == ID and row[column] is None:
            row[column] = 100001
    outcomes: list[Any] = []
    for check in (lambda *given: checked_columns(given[0], given[1], 100001, given[2]), by_value):
        findings = Findings()
        found = check(name, rows, findings)
        faults, warnings = faults_and_warnings(findings)
        # A column that no row has may be left out.
        present = {
            column: list(map(written, values))
            for column, values in found.items()
            if any(column in row for row in rows)
        }
        outcomes.append((faults, warnings, present if faults is None else None))
    assert outcomes[0] == outcomes[1]


@given(st.data())
@settings(deadline=None)
def test_a_row_checked_at_once_is_as_checked_value_by_value(data: st.DataObject) -> None:
    columns = table(APPLICATION).columns
    row = {name: data.draw(values_of(column)) for name, column in columns.items()}
    for name in data.draw(st.lists(st.sampled_from(list(columns)), max_size=3)):
        row[name] = data.draw(ODD)
    findings = Findings()
    slow, fast = checked_row(APPLICATION, row, findings), plain_row(APPLICATION, row)
    faults, warnings = faults_and_warnings(findings)
    if fast is not None:
        assert (faults, warnings) == (None, [])
        assert repr(fast) == repr(slow)
    else:
        assert (
            faults
            or warnings
            or any(type(row[name]) not in (kind(columns[name]), type(None)) for name in columns)
        )
