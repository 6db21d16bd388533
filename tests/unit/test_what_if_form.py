"""The form for a new application: whatever is entered makes rows that the API accepts, and nothing is made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from home_credit.dashboard import what_if_form
from home_credit.dashboard.texts import texts
from home_credit.languages import LANGUAGES
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION, ID, table

if TYPE_CHECKING:
    from home_credit.dashboard.what_if_form import Entered, Field

COLUMNS = table(APPLICATION).columns


def entries(field: Field) -> st.SearchStrategy[Any]:
    """Draw what the field takes, or nothing where it may be left empty."""
    column = COLUMNS[field.column]
    if field.kind in {"category", "flag"}:
        drawn: st.SearchStrategy[Any] = st.sampled_from(
            [value for value in column.values if value not in column.sentinels]
        )
    else:
        low, high = what_if_form.limits(field)
        drawn = st.floats(low, high)
        if field.kind in {"count", "age"}:
            drawn = st.integers(int(low), int(high)).map(float)
    return drawn if field.required else st.none() | drawn


@given(st.fixed_dictionaries({field.column: entries(field) for field in what_if_form.FIELDS}), st.booleans())
def test_whatever_is_entered_is_an_application(entered: dict[str, Entered], no_employment: bool) -> None:
    made = what_if_form.row({**entered, what_if_form.NO_EMPLOYMENT: no_employment})
    assume(not what_if_form.too_long_employed(made))
    parsed = parse_bundle({APPLICATION: made})
    assert all("are absent" in warning for warning in parsed.warnings)
    given_ = {column for column, value in entered.items() if value is not None}
    assert set(made) - given_ <= {ID, "DAYS_EMPLOYED"}
    assert given_ - set(made) <= {"OWN_CAR_AGE"}


@pytest.mark.parametrize("missing", [field.column for field in what_if_form.FIELDS if field.required])
def test_what_an_answer_needs_is_named(missing: str) -> None:
    assert COLUMNS[missing].required
    entered = {field.column: 40.0 for field in what_if_form.FIELDS if field.column != missing}
    assert what_if_form.missing(entered) == [missing]


def test_what_the_schema_demands_is_demanded_and_no_trait_that_may_not_count_is_asked_for() -> None:
    columns = [field.column for field in what_if_form.FIELDS]
    required = {field.column for field in what_if_form.FIELDS if field.required}
    assert required == {name for name, column in COLUMNS.items() if column.required} - {ID}
    assert len(columns) == len(set(columns))
    assert not {"CODE_GENDER", "NAME_FAMILY_STATUS", ID} & set(columns)


def test_times_become_days_before_the_application() -> None:
    made = what_if_form.row({"DAYS_BIRTH": 40.0, "DAYS_EMPLOYED": 2.5, "CNT_CHILDREN": 2.0})
    assert made == {ID: what_if_form.NOBODY, "DAYS_BIRTH": -14_610, "DAYS_EMPLOYED": -913, "CNT_CHILDREN": 2}
    assert what_if_form.row({"FLAG_OWN_CAR": "N", "OWN_CAR_AGE": 3.0}) == {
        ID: what_if_form.NOBODY,
        "FLAG_OWN_CAR": "N",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_has_a_name(language: Any) -> None:
    translate = texts(language)
    for field in what_if_form.FIELDS:
        assert translate(f"fields.{field.column}")
        assert translate(f"form.{field.kind}_label", name="x")
