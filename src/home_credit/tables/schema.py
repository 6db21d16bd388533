"""The schema of the seven tables: every column with its type, meaning, unit, values and sentinels.

The columns themselves are data, one TOML file per table in ``columns/``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

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
    """One column: ``values`` lists the categories of a text column or the levels of a coded one."""

    name: str
    dtype: DType
    unit: str
    en: str
    fr: str
    values: tuple[str | int, ...] = ()
    sentinels: tuple[str | int, ...] = ()
    required: bool = False

    @property
    def limit(self) -> float | None:
        """The largest absolute value allowed, so that sums of many rows stay exact."""
        return None if self.dtype == "text" else LIMITS.get(self.unit)


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
        )
        for column, facts in parsed["columns"].items()
    }
    return Table(name, MappingProxyType(columns), tuple(parsed["key"]))
