"""Static facts of expressions and plans: type, whether values may be missing, bound."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, singledispatch
from typing import TYPE_CHECKING

from home_credit.features import operations as o
from home_credit.features import plan as p
from home_credit.features.canonical import canonical
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from home_credit.tables.schema import Column

# Whole numbers of this size or more do not fit 64 bits.
LIMIT = 2.0**63
# The most rows of a group, and so the bound of counts; engines that rely on it refuse more.
MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """The type of a value, whether it may be missing, and the bound of the absolute value of a number."""

    type: o.Type
    nullable: bool = True
    bound: float = math.inf


class Schema(dict[str, Facts]):
    """The facts of columns by name, with a cache of the facts of expressions over them."""

    def __init__(self, columns: Mapping[str, Facts]) -> None:
        super().__init__(columns)
        self.known: dict[o.Operation, Facts] = {}


@cache
def schema(plan: p.Plan) -> Schema:
    """Return the facts of the columns of ``plan`` by name. Raises KeyError for an unknown column."""
    return Schema(_columns(plan))


@singledispatch
def _columns(plan: p.Plan) -> Mapping[str, Facts]:
    raise NotImplementedError(type(plan).__name__)


@_columns.register(p.Scan)
def _(plan: p.Scan) -> Mapping[str, Facts]:
    columns = {name: _of_table(column) for name, column in table(plan.table).columns.items()}
    return columns | {column.name: Facts(o.FLOAT) for column in plan.added}


@_columns.register(p.Select)
def _(plan: p.Select) -> Mapping[str, Facts]:
    return {name: facts(value, schema(plan.of)) for name, value in plan.columns}


@_columns.register(p.WithColumns)
def _(plan: p.WithColumns) -> Mapping[str, Facts]:
    return {**schema(plan.of), **{name: facts(value, schema(plan.of)) for name, value in plan.columns}}


@_columns.register(p.Grouped)
def _(plan: p.Grouped) -> Mapping[str, Facts]:
    of = schema(plan.of)
    return {key: of[key] for key in plan.keys} | {name: facts(value, of) for name, value in plan.columns}


@_columns.register(p.Join)
def _(plan: p.Join) -> Mapping[str, Facts]:
    right = {name: each for name, each in schema(plan.right).items() if name != plan.on}
    if plan.how == "left":
        right = {name: replace(each, nullable=True) for name, each in right.items()}
    return {**schema(plan.left), **right}


def _of_table(column: Column) -> Facts:
    return Facts(o.Type(column.dtype), not column.required, column.limit or math.inf)


def facts(operation: o.Operation, of: Schema) -> Facts:
    """Return the facts of an expression over rows with the schema ``of``.

    Raises KeyError for an unknown column and TypeError for incompatible operands.
    """
    if operation not in of.known:
        of.known[operation] = _facts(operation, of)
    return of.known[operation]


@singledispatch
def _facts(operation: o.Operation, of: Schema) -> Facts:
    raise NotImplementedError(type(operation).__name__)


@_facts.register(o.Column)
def _(operation: o.Column, of: Schema) -> Facts:
    return of[operation.name]


@_facts.register(o.Constant)
def _(operation: o.Constant, _of: Schema) -> Facts:
    size = math.inf if isinstance(operation.value, str) else abs(operation.value)
    return Facts(operation.type, nullable=False, bound=size)


@_facts.register(o.Arithmetic)
def _(operation: o.Arithmetic, of: Schema) -> Facts:
    left, right = (_number(part, of) for part in operation.operands)
    integers = left.type is o.INTEGER and right.type is o.INTEGER
    size = left.bound * right.bound if isinstance(operation, o.Multiply) else left.bound + right.bound
    if integers and size >= LIMIT:
        raise TypeError(f"{canonical(operation)} may reach {size:.0e}, which no 64-bit integer holds")
    return Facts(o.INTEGER if integers else o.FLOAT, left.nullable or right.nullable, size)


@_facts.register(o.Divide)
def _(operation: o.Divide, of: Schema) -> Facts:
    for part in operation.operands:
        _number(part, of)
    return Facts(o.FLOAT)


@_facts.register(o.Comparison)
def _(operation: o.Comparison, of: Schema) -> Facts:
    left, right = (facts(part, of) for part in operation.operands)
    if (left.type is o.TEXT) != (right.type is o.TEXT) or o.BOOLEAN in (left.type, right.type):
        raise TypeError(f"{left.type.value} {operation.symbol} {right.type.value}")
    return Facts(o.BOOLEAN, left.nullable or right.nullable)


@_facts.register(o.Logic)
def _(operation: o.Logic, of: Schema) -> Facts:
    left, right = (_condition(part, of) for part in operation.operands)
    return Facts(o.BOOLEAN, left.nullable or right.nullable)


@_facts.register(o.Not)
def _(operation: o.Not, of: Schema) -> Facts:
    return _condition(operation.of, of)


@_facts.register(o.IsNull)
def _(operation: o.IsNull, of: Schema) -> Facts:
    facts(operation.of, of)
    return Facts(o.BOOLEAN, nullable=False)


@_facts.register(o.IsIn)
def _(operation: o.IsIn, of: Schema) -> Facts:
    return Facts(o.BOOLEAN, facts(operation.of, of).nullable)


@_facts.register(o.Floor)
def _(operation: o.Floor, of: Schema) -> Facts:
    number = _number(operation.of, of)
    return Facts(o.FLOAT, number.nullable, number.bound + 1)


@_facts.register(o.SquareRoot)
def _(operation: o.SquareRoot, of: Schema) -> Facts:
    return Facts(o.FLOAT, nullable=True, bound=max(1.0, _number(operation.of, of).bound))


@_facts.register(o.Cast)
def _(operation: o.Cast, of: Schema) -> Facts:
    before = facts(operation.of, of)
    if (before.type, operation.to) not in {
        (o.INTEGER, o.INTEGER),
        (o.INTEGER, o.FLOAT),
        (o.FLOAT, o.INTEGER),
        (o.FLOAT, o.FLOAT),
        (o.TEXT, o.INTEGER),
    }:
        raise TypeError(f"{before.type.value} cannot be cast to {operation.to.value}")
    return replace(before, type=operation.to)


@_facts.register(o.Clip)
def _(operation: o.Clip, of: Schema) -> Facts:
    return Facts(o.FLOAT, _number(operation.of, of).nullable, max(abs(operation.low), abs(operation.high)))


@_facts.register(o.Choose)
def _(operation: o.Choose, of: Schema) -> Facts:
    _condition(operation.condition, of)
    chosen = _value(operation.value, of)
    chosen = replace(chosen, bound=min(chosen.bound, _bound(operation.condition, operation.value)))
    if operation.alternative is None:
        return replace(chosen, nullable=True)
    return _together([chosen, _value(operation.alternative, of)], any)


def _bound(condition: o.Operation, value: o.Operation) -> float:
    """Return the bound of ``value``, a column, where the condition holds."""
    low, high = -math.inf, math.inf
    for part in _conjunction(condition):
        match part, value:
            case (o.Less() | o.LessEqual()) as upper, o.Column(name):
                high = min(high, _limit(upper, name, math.inf))
            case (o.Greater() | o.GreaterEqual()) as lower, o.Column(name):
                low = max(low, _limit(lower, name, -math.inf))
    return max(-low, high)


def _conjunction(condition: o.Operation) -> Iterator[o.Operation]:
    if isinstance(condition, o.And):
        yield from _conjunction(condition.left)
        yield from _conjunction(condition.right)
    else:
        yield condition


def _limit(comparison: o.Comparison, name: str, otherwise: float) -> float:
    match comparison.left, comparison.right:
        case o.Column(column), o.Constant(int(limit) | float(limit)) if column == name:
            return limit
    return otherwise


@_facts.register(o.Horizontal)
def _(operation: o.Horizontal, of: Schema) -> Facts:
    return _together([_value(value, of) for value in operation.values], all)


@_facts.register(o.Sum)
def _(operation: o.Sum, of: Schema) -> Facts:
    # Sums of floats depend on the order of rows in their last bits.
    number = _typed(operation.of, of, o.INTEGER)
    return Facts(o.INTEGER, nullable=False, bound=number.bound * MOST_ROWS)


@_facts.register(o.Min)
def _(operation: o.Min, of: Schema) -> Facts:
    return _value(operation.of, of)


@_facts.register(o.Max)
def _(operation: o.Max, of: Schema) -> Facts:
    return _value(operation.of, of)


@_facts.register(o.AnyTrue)
def _(operation: o.AnyTrue, of: Schema) -> Facts:
    return replace(_condition(operation.of, of), nullable=False)


@_facts.register(o.Count)
@_facts.register(o.NUnique)
@_facts.register(o.CumulativeCount)
def _(operation: o.Unary, of: Schema) -> Facts:
    _value(operation.of, of)
    return Facts(o.INTEGER, nullable=False, bound=MOST_ROWS)


@_facts.register(o.Length)
def _(_operation: o.Length, _of: Schema) -> Facts:
    return Facts(o.INTEGER, nullable=False, bound=MOST_ROWS)


@_facts.register(o.CumulativeSum)
def _(operation: o.CumulativeSum, of: Schema) -> Facts:
    number = _typed(operation.of, of, o.INTEGER)
    return replace(number, bound=number.bound * MOST_ROWS)


def _number(operation: o.Operation, of: Schema) -> Facts:
    return _typed(operation, of, o.INTEGER, o.FLOAT)


def _condition(operation: o.Operation, of: Schema) -> Facts:
    return _typed(operation, of, o.BOOLEAN)


def _value(operation: o.Operation, of: Schema) -> Facts:
    return _typed(operation, of, o.INTEGER, o.FLOAT, o.TEXT)


def _typed(operation: o.Operation, of: Schema, *types: o.Type) -> Facts:
    found = facts(operation, of)
    if found.type not in types:
        wanted = " or ".join(each.value for each in types)
        raise TypeError(f"{type(operation).__name__} is {found.type.value}, where {wanted} is needed")
    return found


def _together(values: list[Facts], nullable: Callable[[Iterable[bool]], bool]) -> Facts:
    """Return the facts of a value that is one of several; the type of numbers is FLOAT unless all are INTEGER."""
    types = {each.type for each in values}
    if o.TEXT in types and len(types) > 1:
        raise TypeError("text and numbers do not go together")
    return Facts(
        types.pop() if len(types) == 1 else o.FLOAT,
        nullable(each.nullable for each in values),
        max(each.bound for each in values),
    )
