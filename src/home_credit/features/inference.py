"""What is known of expressions and plans before a row is seen: type, whether missing, size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, singledispatch
from typing import TYPE_CHECKING

from home_credit.features import expression as e
from home_credit.features import plan as p
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from home_credit.tables.schema import Column

# The most rows of a group, and so the bound of counts; engines that rely on it refuse more.
MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """The type of a value, whether it may be missing, and the size of a number that it never exceeds."""

    type: e.Type
    nullable: bool = True
    bound: float = math.inf


Schema = Mapping[str, Facts]


@cache
def schema(plan: p.Plan) -> Schema:
    """Return the facts of the columns of ``plan`` by name. Raises KeyError where a column is not there."""
    return _columns(plan)


@singledispatch
def _columns(plan: p.Plan) -> Schema:
    raise NotImplementedError(type(plan).__name__)


@_columns.register(p.Scan)
def _(plan: p.Scan) -> Schema:
    columns = {name: _of_table(column) for name, column in table(plan.table).columns.items()}
    return columns | {column.name: Facts(e.FLOAT) for column in plan.added}


@_columns.register(p.Select)
def _(plan: p.Select) -> Schema:
    return {name: facts(value, schema(plan.of)) for name, value in plan.columns}


@_columns.register(p.WithColumns)
def _(plan: p.WithColumns) -> Schema:
    return {**schema(plan.of), **{name: facts(value, schema(plan.of)) for name, value in plan.columns}}


@_columns.register(p.Grouped)
def _(plan: p.Grouped) -> Schema:
    of = schema(plan.of)
    return {key: of[key] for key in plan.keys} | {name: facts(value, of) for name, value in plan.columns}


@_columns.register(p.Join)
def _(plan: p.Join) -> Schema:
    right = {name: each for name, each in schema(plan.right).items() if name != plan.on}
    if plan.how == "left":
        right = {name: replace(each, nullable=True) for name, each in right.items()}
    return {**schema(plan.left), **right}


def _of_table(column: Column) -> Facts:
    return Facts(e.Type(column.dtype), not column.required, column.limit or math.inf)


@singledispatch
def facts(operation: e.Expr, of: Schema) -> Facts:
    """Return the facts of an expression over rows with the schema ``of``.

    Raises KeyError for a column that is not there and TypeError for operands that do not go together.
    """
    raise NotImplementedError(type(operation).__name__)


@facts.register(e.Column)
def _(operation: e.Column, of: Schema) -> Facts:
    return of[operation.name]


@facts.register(e.Constant)
def _(operation: e.Constant, _of: Schema) -> Facts:
    size = math.inf if isinstance(operation.value, str) else abs(operation.value)
    return Facts(operation.type, nullable=False, bound=size)


@facts.register(e.Arithmetic)
def _(operation: e.Arithmetic, of: Schema) -> Facts:
    left, right = (_number(part, of) for part in operation.operands)
    integers = left.type is e.INTEGER and right.type is e.INTEGER
    size = left.bound * right.bound if isinstance(operation, e.Multiply) else left.bound + right.bound
    return Facts(e.INTEGER if integers else e.FLOAT, left.nullable or right.nullable, size)


@facts.register(e.Divide)
def _(operation: e.Divide, of: Schema) -> Facts:
    for part in operation.operands:
        _number(part, of)
    return Facts(e.FLOAT)


@facts.register(e.Comparison)
def _(operation: e.Comparison, of: Schema) -> Facts:
    left, right = (facts(part, of) for part in operation.operands)
    if (left.type is e.TEXT) != (right.type is e.TEXT) or e.BOOLEAN in (left.type, right.type):
        raise TypeError(f"{left.type.value} {operation.symbol} {right.type.value}")
    return Facts(e.BOOLEAN, left.nullable or right.nullable)


@facts.register(e.Logic)
def _(operation: e.Logic, of: Schema) -> Facts:
    left, right = (_condition(part, of) for part in operation.operands)
    return Facts(e.BOOLEAN, left.nullable or right.nullable)


@facts.register(e.Not)
def _(operation: e.Not, of: Schema) -> Facts:
    return _condition(operation.of, of)


@facts.register(e.IsNull)
def _(operation: e.IsNull, of: Schema) -> Facts:
    facts(operation.of, of)
    return Facts(e.BOOLEAN, nullable=False)


@facts.register(e.IsIn)
def _(operation: e.IsIn, of: Schema) -> Facts:
    return Facts(e.BOOLEAN, facts(operation.of, of).nullable)


@facts.register(e.Floor)
def _(operation: e.Floor, of: Schema) -> Facts:
    number = _number(operation.of, of)
    return Facts(e.FLOAT, number.nullable, number.bound + 1)


@facts.register(e.SquareRoot)
def _(operation: e.SquareRoot, of: Schema) -> Facts:
    return Facts(e.FLOAT, nullable=True, bound=max(1.0, _number(operation.of, of).bound))


@facts.register(e.Cast)
def _(operation: e.Cast, of: Schema) -> Facts:
    before = facts(operation.of, of)
    if (before.type, operation.to) not in {
        (e.INTEGER, e.INTEGER),
        (e.INTEGER, e.FLOAT),
        (e.FLOAT, e.INTEGER),
        (e.FLOAT, e.FLOAT),
        (e.TEXT, e.INTEGER),
    }:
        raise TypeError(f"{before.type.value} cannot be cast to {operation.to.value}")
    return replace(before, type=operation.to)


@facts.register(e.Clip)
def _(operation: e.Clip, of: Schema) -> Facts:
    return Facts(e.FLOAT, _number(operation.of, of).nullable, max(abs(operation.low), abs(operation.high)))


@facts.register(e.Choose)
def _(operation: e.Choose, of: Schema) -> Facts:
    _condition(operation.condition, of)
    if operation.alternative is None:
        return replace(_value(operation.value, of), nullable=True)
    return _together([_value(operation.value, of), _value(operation.alternative, of)], any)


@facts.register(e.Horizontal)
def _(operation: e.Horizontal, of: Schema) -> Facts:
    return _together([_value(value, of) for value in operation.values], all)


@facts.register(e.Sum)
def _(operation: e.Sum, of: Schema) -> Facts:
    # Sums of floats depend on the order of rows in their last bits.
    number = _typed(operation.of, of, e.INTEGER)
    return Facts(e.INTEGER, nullable=False, bound=number.bound * MOST_ROWS)


@facts.register(e.Min)
def _(operation: e.Min, of: Schema) -> Facts:
    return _value(operation.of, of)


@facts.register(e.Max)
def _(operation: e.Max, of: Schema) -> Facts:
    return _value(operation.of, of)


@facts.register(e.AnyTrue)
def _(operation: e.AnyTrue, of: Schema) -> Facts:
    return replace(_condition(operation.of, of), nullable=False)


@facts.register(e.Count)
@facts.register(e.NUnique)
@facts.register(e.CumulativeCount)
def _(operation: e.Unary, of: Schema) -> Facts:
    _value(operation.of, of)
    return Facts(e.INTEGER, nullable=False, bound=MOST_ROWS)


@facts.register(e.Length)
def _(_operation: e.Length, _of: Schema) -> Facts:
    return Facts(e.INTEGER, nullable=False, bound=MOST_ROWS)


@facts.register(e.CumulativeSum)
def _(operation: e.CumulativeSum, of: Schema) -> Facts:
    number = _typed(operation.of, of, e.INTEGER)
    return replace(number, bound=number.bound * MOST_ROWS)


def _number(operation: e.Expr, of: Schema) -> Facts:
    return _typed(operation, of, e.INTEGER, e.FLOAT)


def _condition(operation: e.Expr, of: Schema) -> Facts:
    return _typed(operation, of, e.BOOLEAN)


def _value(operation: e.Expr, of: Schema) -> Facts:
    return _typed(operation, of, e.INTEGER, e.FLOAT, e.TEXT)


def _typed(operation: e.Expr, of: Schema, *types: e.Type) -> Facts:
    found = facts(operation, of)
    if found.type not in types:
        wanted = " or ".join(each.value for each in types)
        raise TypeError(f"{type(operation).__name__} is {found.type.value}, where {wanted} is needed")
    return found


def _together(values: list[Facts], nullable: Callable[[Iterable[bool]], bool]) -> Facts:
    """Return the facts of one of several values of a kind, FLOAT where not all are INTEGER."""
    types = {each.type for each in values}
    if e.TEXT in types and len(types) > 1:
        raise TypeError("text and numbers do not go together")
    return Facts(
        types.pop() if len(types) == 1 else e.FLOAT,
        nullable(each.nullable for each in values),
        max(each.bound for each in values),
    )
