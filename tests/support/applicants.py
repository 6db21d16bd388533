"""Applicants with rare values: missing ones, zeros, ties and the largest values allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TABLES, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.tables.schema import Column

    Tables = Mapping[str, pl.DataFrame]

OWN_KEY = {"bureau": "SK_ID_BUREAU", "previous_application": "SK_ID_PREV"}


def odd_applicants(seed: int, applicants: int, most_rows: int) -> Tables:
    """Rows of all seven tables; each applicant has up to ``most_rows`` in each history, and often none."""
    random = np.random.default_rng(seed)
    owners = np.arange(100001, 100001 + applicants)
    tables: dict[str, pl.DataFrame] = {APPLICATION: _rows(random, APPLICATION, {ID: owners})}
    for name in HISTORIES:
        keys = "SK_ID_BUREAU" if name == "bureau_balance" else ID
        owned = tables["bureau"][keys].to_numpy() if name == "bureau_balance" else owners
        counts = random.integers(0, most_rows + 1, len(owned)) * (random.random(len(owned)) < 0.8)
        given = {keys: np.repeat(owned, counts)}
        if name in OWN_KEY:
            given[OWN_KEY[name]] = 1 + random.permutation(int(counts.sum()))
        tables[name] = _rows(random, name, given)
    return tables


def within_ranges(tables: Tables) -> Tables:
    """The same rows with every number in the range of its column, so that checks accept them."""
    clipped = {
        name: rows.with_columns(
            pl.col(column.name).clip(column.minimum, column.maximum).cast(rows.schema[column.name])
            for column in table(name).columns.values()
            if column.dtype != "text"
        )
        for name, rows in tables.items()
    }
    employed = pl.max_horizontal(
        "DAYS_EMPLOYED", pl.when(pl.col("DAYS_EMPLOYED").is_not_null()).then("DAYS_BIRTH")
    )
    return {**clipped, APPLICATION: clipped[APPLICATION].with_columns(employed.alias("DAYS_EMPLOYED"))}


def _rows(random: np.random.Generator, name: str, given: Mapping[str, Any]) -> pl.DataFrame:
    count = len(next(iter(given.values())))
    columns = {
        column.name: list(given[column.name]) if column.name in given else _values(random, column, count)
        for column in table(name).columns.values()
    }
    return pl.DataFrame(columns, schema=polars_schema(table(name)), strict=False)


def _values(random: np.random.Generator, column: Column, count: int) -> list[Any]:
    missing = 0.0 if column.required else random.choice([0.0, 0.2, 1.0], p=[0.3, 0.6, 0.1])
    pool = list(column.values) or _pool(random, column)
    return [
        None if random.random() < missing else pool[int(random.integers(len(pool)))] for _ in range(count)
    ]


def _pool(random: np.random.Generator, column: Column) -> list[float]:
    """Few values, so that ties are frequent; for some columns the largest value allowed."""
    limit = column.limit or 1000.0
    if random.random() < 0.2 and column.unit != "id":
        return [limit, -limit, 0.0]
    usual = [0.0, 1.0, -1.0, *(random.integers(-3000, 3000, 6) / random.choice([1, 2, 1000]))]
    return usual if column.dtype == "number" else [float(int(value)) for value in usual]


def applicant_rows(tables: Tables, applicant: int) -> tuple[dict[str, Any], dict[str, dict[str, list[Any]]]]:
    """One applicant's application and history columns, as in a request."""
    application = tables[APPLICATION].filter(pl.col(ID) == applicant).to_dicts()[0]
    own = {name: rows.filter(pl.col(ID) == applicant) for name, rows in tables.items() if ID in rows.columns}
    held = own["bureau"]["SK_ID_BUREAU"].implode()
    own["bureau_balance"] = tables["bureau_balance"].filter(pl.col("SK_ID_BUREAU").is_in(held))
    histories = {name: own[name] for name in TABLES if name != APPLICATION and len(own[name])}
    return application, {name: {c.name: c.to_list() for c in rows} for name, rows in histories.items()}
