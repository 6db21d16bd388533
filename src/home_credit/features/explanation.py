"""How a feature is computed, step by step from the columns of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING

from home_credit.features import operations as o
from home_credit.features import plan as p
from home_credit.features.catalogue import CATALOGUE
from home_credit.features.formula import Formula, formula, plain
from home_credit.features.inference import schema
from home_credit.features.lineage import lineage
from home_credit.features.matrix import MATRIX

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Step:
    """An intermediate column of a feature: its formula, and the depth at which it is used.

    ``per`` names the grouping columns where the formula is an aggregate; it is empty otherwise.
    """

    name: str
    formula: Formula
    depth: int
    per: tuple[str, ...] = ()

    def __str__(self) -> str:
        grouped = f"   [per {', '.join(self.per)}]" if self.per else ""
        return f"{'  ' * self.depth}{self.name} = {self.formula}{grouped}"


def steps(feature: str) -> list[Step]:
    """Return the formula of a feature, followed by those of its intermediate columns.

    Columns of the tables have no formula. Raises KeyError for an unknown feature.
    """
    if feature not in CATALOGUE:
        raise KeyError(feature)
    return list(_steps(MATRIX, feature, 0, set()))


def explain(feature: str) -> str:
    """Return a feature as text: descriptions, formula, columns. Raises KeyError for an unknown one."""
    made, of = steps(feature), CATALOGUE[feature]
    lines = [
        f"{feature} ({of.unit})",
        f"  en: {of.en}",
        f"  fr: {of.fr}",
        f"  missing: {of.missing.en}",
        "  formula: " + ("a column of the table" if not made else ""),
        *(f"    {step}" for step in made),
        "  columns:",
        *(f"    {table}: {', '.join(columns)}" for table, columns in lineage(feature).items()),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _steps(plan: p.Plan, name: str, depth: int, seen: set[tuple[p.Plan, str]]) -> Iterator[Step]:
    found = _definition(plan, name)
    if found is None or (found.rows, name) in seen:
        return
    seen.add((found.rows, name))
    yield Step(name, formula(found.operation), depth, found.per)
    for column in dict.fromkeys(o.columns_in(found.operation)):
        yield from _steps(found.rows, column, depth + 1, seen)


@dataclass(frozen=True, slots=True)
class _Definition:
    """The operation that defines a column, and the plan of the rows that it reads."""

    operation: o.Operation
    rows: p.Plan
    per: tuple[str, ...] = ()


@singledispatch
def _definition(plan: p.Plan, name: str) -> _Definition | None:
    """Return the definition of a column of ``plan``; None where it is a column of a table."""
    raise NotImplementedError(type(plan).__name__)


@_definition.register(p.Scan)
def _(_plan: p.Scan, _name: str) -> _Definition | None:
    return None


@_definition.register(p.Select)
@_definition.register(p.WithColumns)
def _(plan: p.Select | p.WithColumns, name: str) -> _Definition | None:
    operation = plain(dict(plan.columns).get(name, o.Column(name)))
    if isinstance(operation, o.Column):
        return _definition(plan.of, operation.name)
    return _Definition(operation, plan.of)


@_definition.register(p.Grouped)
def _(plan: p.Grouped, name: str) -> _Definition | None:
    made = dict(plan.columns)
    return _Definition(made[name], plan.of, plan.keys) if name in made else _definition(plan.of, name)


@_definition.register(p.Join)
def _(plan: p.Join, name: str) -> _Definition | None:
    return _definition(plan.left if name in schema(plan.left) else plan.right, name)
