"""The schema of the seven tables: every column with its type, meaning, unit, values and sentinels.

The columns themselves are data, one TOML file per table in ``columns/``.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

DType = Literal["integer", "number", "text"]

LIMITS: Mapping[str, float] = MappingProxyType(
    {
        "currency": 1e9,
        "area": 1e9,
        # Requests are computed in floats, which represent every integer below 2**53.
        "id": 2**53 - 1,
        **dict.fromkeys(
            ("days", "months", "years", "count", "hour", "rate", "normalised", "code", "flag"), 1e6
        ),
    }
)

# The least and the largest value of a unit, where a column has no ``minimum`` or ``maximum`` of its own. The tables of
# 2018 are within them with room to spare: incomes of 117 million, calls of a bureau by the hundred, a car of 91 years.
RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "currency": (0, 1e9),
        "area": (0, 1e8),
        "id": (0, 2**53 - 1),
        "days": (-36525, 36525),
        "months": (-1200, 0),
        "years": (0, 150),
        "count": (0, 10_000),
        "hour": (0, 23),
        "rate": (-1, 10),
        "normalised": (0, 1),
        "code": (0, 10_000),
        "flag": (0, 1),
    }
)
# The least size of a number other than zero: quotients of two numbers of the tables stay far from overflow.
SMALLEST = 1e-12
# The longest text of a value; those of the schema have less than fifty characters.
LONGEST_TEXT = 200
# Rows that a request may hold of one applicant, in one history and in all of them. The longest histories of 2018 have
# some hundreds; features take time and memory in proportion.
MOST_ROWS, MOST_ROWS_IN_ALL = 20_000, 50_000

APPLICATION = "application"
HISTORIES = (
    "bureau",
    "bureau_balance",
    "previous_application",
    "POS_CASH_balance",
    "installments_payments",
    "credit_card_balance",
)
TABLES = (APPLICATION, *HISTORIES)
ID = "SK_ID_CURR"
TARGET = "TARGET"
# The files of the application table, with and without the label.
TRAIN, TEST = "application_train", "application_test"
# Days that stand for "never" or "not employed" in the tables.
SENTINEL_DAYS = 365243
# What DAYS_BIRTH says in decades, the youngest and the oldest together.
AGE_BANDS = ("under 30", "30-39", "40-49", "50-59", "60 and over")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``values`` lists the categories of a text column or the levels of a coded one.

    A number is one of ``values`` where there are any. Otherwise it is within ``minimum`` and ``maximum`` or one of
    ``sentinels``; it is never less than the value of the column ``not_before`` in the same row. An unknown category of
    a text column counts as missing.
    """

    name: str
    dtype: DType
    unit: str
    en: str
    fr: str
    values: tuple[str | int, ...] = ()
    sentinels: tuple[str | int, ...] = ()
    required: bool = False
    minimum: float = -math.inf
    maximum: float = math.inf
    not_before: str | None = None

    @property
    def limit(self) -> float | None:
        """The largest absolute value that features are built for, so that sums of many rows stay exact."""
        return None if self.dtype == "text" else LIMITS.get(self.unit)

    @property
    def accepted(self) -> str:
        """What a number of the column may be, in words."""
        if self.values:
            return " or ".join(str(value) for value in self.values)
        return " or ".join([f"{self.minimum:.16g} to {self.maximum:.16g}", *map(str, self.sentinels)])


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in their original order and the columns that identify a row."""

    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = field(default=())


@cache
def table(name: str) -> Table:
    """Return the schema of one of :data:`TABLES`."""
    text = files("home_credit.tables").joinpath("columns", f"{name}.toml").read_text(encoding="utf-8")
    parsed = tomllib.loads(text)
    columns = {
        column: Column(
            name=column,
            dtype=facts["dtype"],
            unit=facts["unit"],
            en=facts["en"],
            fr=facts["fr"],
            values=tuple(facts.get("values", ())),
            sentinels=tuple(facts.get("sentinels", ())),
            required=facts.get("required", False),
            not_before=facts.get("not_before"),
            **_range(facts),
        )
        for column, facts in parsed["columns"].items()
    }
    return Table(name, MappingProxyType(columns), tuple(parsed["key"]))


def _range(facts: Mapping[str, Any]) -> dict[str, float]:
    if facts["dtype"] == "text":
        return {}
    values = facts.get("values")
    low, high = (min(values), max(values)) if values else RANGES[facts["unit"]]
    return {"minimum": facts.get("minimum", low), "maximum": facts.get("maximum", high)}
