"""Values that the schema accepts, its extremes among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from home_credit.tables.schema import APPLICATION, HISTORIES, ID, SMALLEST, table

if TYPE_CHECKING:
    from home_credit.tables.schema import Column

ID_OF_ALL = 100001
CREDIT, CONTRACT = "SK_ID_BUREAU", "SK_ID_PREV"


def values_of(column: Column) -> st.SearchStrategy[Any]:
    """Values of a column, missing ones among them where it may be."""
    values: st.SearchStrategy[Any]
    if column.values:
        values = st.sampled_from(column.values)
    elif column.dtype == "integer":
        values = st.integers(int(column.minimum), int(column.maximum))
    else:
        values = st.floats(column.minimum, column.maximum).filter(lambda value: not 0 < abs(value) < SMALLEST)
    if not column.values and column.dtype != "text":
        values |= st.sampled_from([kind(column)(value) for value in _extremes(column)])
    return values if column.required else st.none() | values


def kind(column: Column) -> type:
    """The Python type of a checked value."""
    return {"integer": int, "number": float, "text": str}[column.dtype]


def _extremes(column: Column) -> list[Any]:
    near_zero = (0, -SMALLEST, SMALLEST) if column.dtype == "number" else (0,)
    within = [value for value in near_zero if column.minimum <= value <= column.maximum]
    return [column.minimum, column.maximum, *column.sentinels, *within]


def employed(application: dict[str, Any]) -> dict[str, Any]:
    """The application with a job that does not begin before birth."""
    days, birth = application["DAYS_EMPLOYED"], application["DAYS_BIRTH"]
    return {**application, "DAYS_EMPLOYED": None if days is None else max(days, birth)}


@st.composite
def bundles(draw: st.DrawFn) -> dict[str, Any]:
    """One applicant with up to three rows in each history."""
    bundle: dict[str, Any] = {APPLICATION: employed({**draw(_row(APPLICATION)), ID: ID_OF_ALL})}
    for name in HISTORIES:
        rows = draw(st.lists(_row(name), max_size=3))
        key = CREDIT if CREDIT in table(name).columns else CONTRACT
        bundle[name] = [
            {**row, **({ID: ID_OF_ALL} if ID in row else {}), key: place} for place, row in enumerate(rows)
        ]
    return bundle


def _row(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({column.name: values_of(column) for column in table(name).columns.values()})
