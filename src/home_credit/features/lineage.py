"""The columns of the tables that a feature depends on, derived from its definition."""

from __future__ import annotations

from functools import cache, singledispatch
from typing import TYPE_CHECKING

from home_credit.features import plan as p
from home_credit.features.catalogue import CATALOGUE
from home_credit.features.inference import schema
from home_credit.features.matrix import MATRIX
from home_credit.features.operations import columns_in
from home_credit.tables.schema import APPLICATION, TABLES, table

if TYPE_CHECKING:
    from collections.abc import Iterable

# A table and one of its columns.
Source = tuple[str, str]


def lineage(feature: str) -> dict[str, tuple[str, ...]]:
    """Return the columns that a feature depends on, by table, both in the order of the schema.

    The columns that group rows and join tables are included. Raises KeyError for an unknown feature.
    """
    found = _sources(feature)
    return {
        name: tuple(column for column in table(name).columns if (name, column) in found)
        for name in TABLES
        if any(of == name for of, _ in found)
    }


def moved(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the features that depend on ``columns`` of the application, in the order of the catalogue."""
    changed = {(APPLICATION, column) for column in columns}
    return tuple(name for name in CATALOGUE if not changed.isdisjoint(_sources(name)))


def _sources(feature: str) -> frozenset[Source]:
    if feature not in CATALOGUE:
        raise KeyError(feature)
    return _column(MATRIX, feature)


@cache
def _column(plan: p.Plan, name: str) -> frozenset[Source]:
    """Return the columns of tables that the values of a column of ``plan`` depend on."""
    return _values(plan, name)


@singledispatch
def _values(plan: p.Plan, name: str) -> frozenset[Source]:
    raise NotImplementedError(type(plan).__name__)


@_values.register(p.Scan)
def _(plan: p.Scan, name: str) -> frozenset[Source]:
    sources = {column.name: column.sources for column in plan.added}
    return frozenset((plan.table, source) for source in sources.get(name, (name,)))


@_values.register(p.Select)
def _(plan: p.Select, name: str) -> frozenset[Source]:
    return _columns(plan.of, columns_in(dict(plan.columns)[name]))


@_values.register(p.WithColumns)
def _(plan: p.WithColumns, name: str) -> frozenset[Source]:
    made = dict(plan.columns)
    return _columns(plan.of, columns_in(made[name])) if name in made else _column(plan.of, name)


@_values.register(p.Grouped)
def _(plan: p.Grouped, name: str) -> frozenset[Source]:
    made = dict(plan.columns)
    used = _columns(plan.of, columns_in(made[name])) if name in made else _column(plan.of, name)
    return used | _columns(plan.of, plan.keys) | _rows(plan.of)


@_values.register(p.Join)
def _(plan: p.Join, name: str) -> frozenset[Source]:
    if name in schema(plan.left):
        return _column(plan.left, name)
    return _column(plan.right, name) | _column(plan.right, plan.on)


def _columns(plan: p.Plan, names: Iterable[str]) -> frozenset[Source]:
    return frozenset().union(*(_column(plan, name) for name in names))


@singledispatch
def _rows(plan: p.Plan) -> frozenset[Source]:
    """Return the columns of tables that determine which rows ``plan`` has."""
    raise NotImplementedError(type(plan).__name__)


@_rows.register(p.Scan)
def _(_plan: p.Scan) -> frozenset[Source]:
    return frozenset()


@_rows.register(p.Select)
@_rows.register(p.WithColumns)
def _(plan: p.Select | p.WithColumns) -> frozenset[Source]:
    return _rows(plan.of)


@_rows.register(p.Grouped)
def _(plan: p.Grouped) -> frozenset[Source]:
    return _columns(plan.of, plan.keys) | _rows(plan.of)


@_rows.register(p.Join)
def _(plan: p.Join) -> frozenset[Source]:
    if plan.how == "left":
        return _rows(plan.left)
    keys = _column(plan.left, plan.on) | _column(plan.right, plan.on)
    return keys | _rows(plan.left) | _rows(plan.right)
