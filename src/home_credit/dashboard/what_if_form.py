"""The form for an application that is not known: its fields in sections, and the row that what is entered makes.

Times are entered in years and become the days of the tables; nothing that identifies a person is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import streamlit as st

from home_credit.dashboard.profile import DAYS_PER_YEAR, NOT_EMPLOYED
from home_credit.tables.schema import APPLICATION, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.dashboard.texts import Texts

Kind = Literal["amount", "score", "age", "years", "ago", "count", "category", "flag"]
Entered = float | str | bool | None

NO_EMPLOYMENT = "no_employment"  # key of the box beside the length of the employment
MOST_DECIMALS = 6  # of what is entered: less than the tables tell apart
NOBODY = 0  # SK_ID_CURR of an application without an applicant


class Field(NamedTuple):
    """A column of the application and how it is entered.

    "ago" is a time before the application in years, "age" one in whole years.
    """

    column: str
    kind: Kind
    required: bool = False


# The facts that weigh most come first; an applicant's sex and family status are not asked for: no decision uses them.
SECTIONS: Mapping[str, tuple[Field, ...]] = {
    "credit": (
        Field("NAME_CONTRACT_TYPE", "category", required=True),
        Field("AMT_CREDIT", "amount", required=True),
        Field("AMT_ANNUITY", "amount"),
        Field("AMT_GOODS_PRICE", "amount"),
    ),
    "situation": (
        Field("AMT_INCOME_TOTAL", "amount", required=True),
        Field("NAME_INCOME_TYPE", "category"),
        Field("DAYS_EMPLOYED", "ago"),
        Field("OCCUPATION_TYPE", "category"),
        Field("ORGANIZATION_TYPE", "category"),
    ),
    "person": (
        Field("DAYS_BIRTH", "age", required=True),
        Field("NAME_EDUCATION_TYPE", "category"),
        Field("CNT_CHILDREN", "count"),
        Field("NAME_HOUSING_TYPE", "category"),
        Field("FLAG_OWN_REALTY", "flag"),
        Field("FLAG_OWN_CAR", "flag"),
        Field("OWN_CAR_AGE", "years"),
    ),
    "external": tuple(Field(f"EXT_SOURCE_{number}", "score") for number in (1, 2, 3)),
    "other": (
        Field("DAYS_LAST_PHONE_CHANGE", "ago"),
        Field("DAYS_ID_PUBLISH", "ago"),
        Field("DAYS_REGISTRATION", "ago"),
        Field("AMT_REQ_CREDIT_BUREAU_YEAR", "count"),
        Field("REG_CITY_NOT_WORK_CITY", "flag"),
        Field("FLAG_WORK_PHONE", "flag"),
        Field("FLAG_DOCUMENT_3", "flag"),
    ),
}  # fmt: skip
FIELDS = tuple(field for fields in SECTIONS.values() for field in fields)


def row(entered: Mapping[str, Entered]) -> dict[str, object]:
    """Return the row of the application; what was not entered is left out, and so is the age of a car without one."""
    made: dict[str, object] = {"SK_ID_CURR": NOBODY}
    for column, kind, _ in FIELDS:
        value = entered.get(column)
        if value is None:
            continue
        if kind in {"ago", "age"}:
            made[column] = _in_days(float(value), column)
        else:
            made[column] = int(value) if kind == "count" else _rounded(value)
    if entered.get(NO_EMPLOYMENT):
        made["DAYS_EMPLOYED"] = NOT_EMPLOYED
    if entered.get("FLAG_OWN_CAR") == "N":
        made.pop("OWN_CAR_AGE", None)
    return made


def missing(entered: Mapping[str, Entered]) -> list[str]:
    """Return the columns that an answer needs and that were not entered."""
    return [field.column for field in FIELDS if field.required and entered.get(field.column) is None]


def too_long_employed(made: Mapping[str, object]) -> bool:
    """Return whether the employment began before the birth, which no application can have."""
    birth, begun = made.get("DAYS_BIRTH"), made.get("DAYS_EMPLOYED")
    return isinstance(birth, int) and isinstance(begun, int) and begun < birth


def draw(translate: Texts) -> dict[str, Entered]:
    """Draw the sections, the first ones open, and return what stands in the fields."""
    entered: dict[str, Entered] = {}
    for section, fields in SECTIONS.items():
        optional = not any(field.required for field in fields)
        with st.expander(translate(f"form.{section}"), expanded=not optional, key=f"form_{section}"):
            if section == "situation":
                entered[NO_EMPLOYMENT] = st.checkbox(
                    translate("form.no_employment"), key="form_no_employment"
                )
            for field in fields:
                entered[field.column] = _draw(field, translate, locked=bool(entered.get(NO_EMPLOYMENT)))
    return entered


def _draw(field: Field, translate: Texts, *, locked: bool) -> Entered:
    name, key = field.column, f"form_{field.column}"
    column = table(APPLICATION).columns[name]
    label = translate(f"form.{field.kind}_label", name=translate(f"fields.{name}"))
    if field.required:
        label = translate("form.required_label", name=label)
    if field.kind in {"category", "flag"}:
        options = [value for value in column.values if value not in column.sentinels]
        chosen: Entered = st.selectbox(
            label,
            options,
            index=None,
            format_func=lambda value: _named(value, name, translate),
            placeholder=translate("form.not_stated"),
            help=_help(name, translate),
            key=key,
        )
        return chosen
    low, high = limits(field)
    return st.number_input(
        label,
        min_value=low,
        max_value=high,
        value=None,
        step=_STEPS[field.kind],
        format=_FORMATS[field.kind],
        placeholder=translate("form.not_stated"),
        help=_help(name, translate)
        or translate(f"form.{field.kind}_help", low=translate.number(low), high=translate.number(high)),
        disabled=locked and name == "DAYS_EMPLOYED",
        key=key,
    )


_STEPS: Mapping[Kind, float] = {
    "amount": 1000.0,
    "score": 0.05,
    "age": 1.0,
    "years": 1.0,
    "ago": 1.0,
    "count": 1.0,
}
_FORMATS: Mapping[Kind, str] = {
    "amount": "%.0f",
    "score": "%.3f",
    "age": "%.0f",
    "years": "%.0f",
    "ago": "%.1f",
    "count": "%.0f",
}


def limits(field: Field) -> tuple[float, float]:
    """Return the least and largest number that a field takes."""
    column = table(APPLICATION).columns[field.column]
    if field.kind in {"ago", "age"}:
        # Years that round to days within the limits of the column.
        return -column.maximum / DAYS_PER_YEAR, -column.minimum / DAYS_PER_YEAR
    return float(column.minimum), float(column.maximum)


def _in_days(years: float, column: str) -> int:
    limits = table(APPLICATION).columns[column]
    return int(min(max(round(-years * DAYS_PER_YEAR), limits.minimum), limits.maximum))


def _rounded(value: Entered) -> Entered:
    return round(value, MOST_DECIMALS) if isinstance(value, float) else value


def _named(value: object, column: str, translate: Texts) -> str:
    if isinstance(value, str):
        return translate.category(value, column)
    return translate("form.yes" if value else "form.no")


def _help(column: str, translate: Texts) -> str | None:
    return translate.entries.get(f"form.help_{column}")
