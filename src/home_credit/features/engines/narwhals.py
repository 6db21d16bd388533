"""Expressions and plans as those of Narwhals, which Polars runs on one machine and Spark on a cluster."""

from __future__ import annotations

import operator
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import narwhals as nw

from home_credit.features import operations as o
from home_credit.features import plan as p

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Frame = nw.LazyFrame[Any]

TYPES = {o.INTEGER: nw.Int64(), o.FLOAT: nw.Float64(), o.TEXT: nw.String(), o.BOOLEAN: nw.Boolean()}
_OPERATORS: dict[str, Callable[[nw.Expr, nw.Expr], nw.Expr]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "&": operator.and_,
    "|": operator.or_,
}
_AGGREGATES: dict[type[o.Operation], Callable[[nw.Expr], nw.Expr]] = {
    o.Sum: nw.Expr.sum,
    o.Count: nw.Expr.count,
    o.Min: nw.Expr.min,
    o.Max: nw.Expr.max,
    o.NUnique: nw.Expr.n_unique,
    o.AnyTrue: nw.Expr.any,
}
_HORIZONTAL: dict[type[o.Operation], Callable[..., nw.Expr]] = {
    o.Coalesce: nw.coalesce,
    o.MinHorizontal: nw.min_horizontal,
    o.MaxHorizontal: nw.max_horizontal,
}


@singledispatch
def translate(operation: o.Operation) -> nw.Expr:
    """Return the expression of Narwhals; raises NotImplementedError for an operation that it does not know."""
    raise NotImplementedError(type(operation).__name__)


@translate.register(o.Column)
def _(operation: o.Column) -> nw.Expr:
    return nw.col(operation.name)


@translate.register(o.Constant)
def _(operation: o.Constant) -> nw.Expr:
    return nw.lit(operation.value, TYPES[operation.type])


@translate.register(o.Binary)
def _(operation: o.Binary) -> nw.Expr:
    return _OPERATORS[operation.symbol](translate(operation.left), translate(operation.right))


@translate.register(o.Divide)
def _(operation: o.Divide) -> nw.Expr:
    # Polars multiplies by the reciprocal where the divisor is a literal, or a column that it knows to be constant
    # (rows put together from frames of one row that agree), and the last bit of the quotient would depend on who
    # else is in the batch. A divisor that depends on the numerator is constant only where both are, and then one
    # true division is done. Adding zero changes no divisor.
    numerator, denominator = translate(operation.left), translate(operation.right)
    return nw.when(denominator != 0).then(numerator / (denominator + numerator * 0))


@translate.register(o.Not)
def _(operation: o.Not) -> nw.Expr:
    return ~translate(operation.of)


@translate.register(o.IsNull)
def _(operation: o.IsNull) -> nw.Expr:
    return translate(operation.of).is_null()


@translate.register(o.IsIn)
def _(operation: o.IsIn) -> nw.Expr:
    return translate(operation.of).is_in(operation.values)


@translate.register(o.Cast)
def _(operation: o.Cast) -> nw.Expr:
    return translate(operation.of).cast(TYPES[operation.to])


@translate.register(o.Floor)
def _(operation: o.Floor) -> nw.Expr:
    return translate(operation.of).floor()


@translate.register(o.SquareRoot)
def _(operation: o.SquareRoot) -> nw.Expr:
    number = translate(operation.of)
    return nw.when(number >= 0).then(number.sqrt())


@translate.register(o.Clip)
def _(operation: o.Clip) -> nw.Expr:
    return translate(operation.of).clip(operation.low, operation.high)


@translate.register(o.Choose)
def _(operation: o.Choose) -> nw.Expr:
    chosen = nw.when(translate(operation.condition)).then(translate(operation.value))
    return chosen if operation.alternative is None else chosen.otherwise(translate(operation.alternative))


@translate.register(o.Horizontal)
def _(operation: o.Horizontal) -> nw.Expr:
    return _HORIZONTAL[type(operation)](*(translate(value) for value in operation.values))


@translate.register(o.Aggregate)
def _(operation: o.Aggregate) -> nw.Expr:
    return _AGGREGATES[type(operation)](translate(operation.of))


@translate.register(o.Length)
def _(_operation: o.Length) -> nw.Expr:
    return nw.len()


@translate.register(o.CumulativeCount)
def _(operation: o.CumulativeCount) -> nw.Expr:
    return _over(translate(operation.of).cum_count(), operation)


@translate.register(o.CumulativeSum)
def _(operation: o.CumulativeSum) -> nw.Expr:
    return _over(translate(operation.of).cum_sum(), operation)


def _over(running: nw.Expr, operation: o.Cumulative) -> nw.Expr:
    return running.over(*operation.partition_by, order_by=operation.order_by).cast(nw.Int64())


@singledispatch
def rows(plan: p.Plan, tables: Mapping[str, Frame]) -> Frame:
    """Return the lazy rows of ``plan`` over ``tables``, which hold the columns and types of the schema."""
    raise NotImplementedError(type(plan).__name__)


@rows.register(p.Scan)
def _(plan: p.Scan, tables: Mapping[str, Frame]) -> Frame:
    return tables[plan.table]


@rows.register(p.Select)
def _(plan: p.Select, tables: Mapping[str, Frame]) -> Frame:
    return rows(plan.of, tables).select(*_named(plan.columns))


@rows.register(p.WithColumns)
def _(plan: p.WithColumns, tables: Mapping[str, Frame]) -> Frame:
    return rows(plan.of, tables).with_columns(*_named(plan.columns))


@rows.register(p.Grouped)
def _(plan: p.Grouped, tables: Mapping[str, Frame]) -> Frame:
    return rows(plan.of, tables).group_by(*plan.keys).agg(*_named(plan.columns))


@rows.register(p.Join)
def _(plan: p.Join, tables: Mapping[str, Frame]) -> Frame:
    return rows(plan.left, tables).join(rows(plan.right, tables), on=plan.on, how=plan.how)


def _named(columns: p.Columns) -> list[nw.Expr]:
    return [translate(value).alias(name) for name, value in columns]
