"""The definitions computed row by row on Python's integers, which have no limit.

Slow and plain. It computes what code on floats refuses (whole numbers that may reach 2**53, unknown texts), and the
tests compare the other engines with it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache, singledispatch
from typing import TYPE_CHECKING, Any

from home_credit.features import operations as o
from home_credit.features import plan as p
from home_credit.features.engines.code import Code
from home_credit.features.engines.groups import aggregates
from home_credit.features.engines.values import NAMESPACE, ExactValues
from home_credit.features.inference import schema
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from home_credit.features.engines.kernels import Column
    from home_credit.features.inference import Schema

    Tables = Mapping[str, Mapping[str, Column]]
    Runner = Callable[[Tables], list["Row"]]

# Values by column: int, float or text, and NaN where missing; a condition is 1.0 or 0.0.
Row = dict[str, Any]


class _Row:
    """One row as the code finds it: values by name in the variable ``row``."""

    def __init__(self, code: Code, of: Schema) -> None:
        self._code, self.schema = code, of

    def column(self, name: str) -> str:
        """Return the variable that holds a column."""
        return self._code.let(f"row[{name!r}]")


class _RowValues(ExactValues):
    """Code for one row that finds running aggregates among its values."""

    def cumulative(self, operation: o.Cumulative) -> str:
        """Return the variable that holds a running aggregate."""
        return self.code.let(f"row[{_name(operation)!r}]")


def _name(operation: o.Operation) -> str:
    """Return the name of a value that an operation over many rows puts into a row; no column has such a one."""
    return f"{type(operation).__name__}/{id(operation)}"


def _function(
    of: Schema, expressions: Iterable[o.Operation], found: Mapping[o.Operation, str] | None = None
) -> Callable[[Row], list[Any]]:
    """Return the function from a row to the values of ``expressions``; ``found`` names aggregates in the row."""
    code = Code()
    names = {operation: code.let(f"row[{name!r}]") for operation, name in (found or {}).items()}
    lowering = _RowValues(code, _Row(code, of), names)
    code.line(f"return [{', '.join(lowering.value(expression) for expression in expressions)}]")
    return code.function("exact", "row", NAMESPACE)


def rows(plan: p.Plan, tables: Tables) -> list[Row]:
    """Return the rows of ``plan`` over ``tables`` of columns, in which None and NaN are missing."""
    return _prepared(plan)(tables)


@cache
def _prepared(plan: p.Plan) -> Runner:
    return _prepare(plan)


@singledispatch
def _prepare(plan: p.Plan) -> Runner:
    """Return the function from tables to the rows of ``plan``."""
    raise NotImplementedError(type(plan).__name__)


@_prepare.register(p.Scan)
def _(plan: p.Scan) -> Runner:
    columns = table(plan.table).columns.values()
    key = next(column.name for column in columns if column.required)
    convert = {column.name: _CONVERSIONS[column.dtype] for column in columns}

    def run(tables: Tables) -> list[Row]:
        given = tables.get(plan.table, {})
        count = len(given.get(key, ()))
        read = {
            name: [_missing_as_nan(value, conversion) for value in given.get(name, [None] * count)]
            for name, conversion in convert.items()
        }
        return [dict(zip(read, values, strict=True)) for values in zip(*read.values(), strict=True)]

    return run


def _missing_as_nan(value: Any, conversion: Callable[[Any], Any]) -> Any:
    return math.nan if value is None or value != value else conversion(value)  # noqa: PLR0124  # NaN


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {"integer": int, "number": float, "text": str}


@_prepare.register(p.Select)
@_prepare.register(p.WithColumns)
def _(plan: p.Select | p.WithColumns) -> Runner:
    of, names = _prepared(plan.of), [name for name, _ in plan.columns]
    values = [value for _, value in plan.columns]
    running = [operation for value in values for operation in _cumulative(value)]
    add = [_running_aggregate(schema(plan.of), operation) for operation in running]
    make = _function(schema(plan.of), values)
    keep = isinstance(plan, p.WithColumns)

    def run(tables: Tables) -> list[Row]:
        before = of(tables)
        columns = [each(before) for each in add]
        result = []
        for place, row in enumerate(before):
            found = {
                _name(operation): column[place] for operation, column in zip(running, columns, strict=True)
            }
            made = dict(zip(names, make({**row, **found}), strict=True))
            result.append({**row, **made} if keep else made)
        return result

    return run


@_prepare.register(p.Grouped)
def _(plan: p.Grouped) -> Runner:
    of, names = _prepared(plan.of), [name for name, _ in plan.columns]
    values = [value for _, value in plan.columns]
    wanted = {operation: _name(operation) for value in values for operation in aggregates(value)}
    operands = _function(schema(plan.of), [_operand(operation) for operation in wanted])
    make = _function(schema(plan.of), values, wanted)

    def run(tables: Tables) -> list[Row]:
        groups = defaultdict(list)
        for row in of(tables):
            groups[tuple(_key(row[key]) for key in plan.keys)].append(row)
        result = []
        for group in groups.values():
            columns = zip(*(operands(row) for row in group), strict=True)
            found = {
                _name(operation): _AGGREGATES[type(operation)](_present(column), column)
                for operation, column in zip(wanted, columns, strict=True)
            }
            keys = {key: group[0][key] for key in plan.keys}
            result.append({**keys, **dict(zip(names, make(found), strict=True))})
        return result

    return run


@_prepare.register(p.Join)
def _(plan: p.Join) -> Runner:
    left, right = _prepared(plan.left), _prepared(plan.right)
    nothing = dict.fromkeys(schema(plan.right), math.nan)

    def run(tables: Tables) -> list[Row]:
        found = {row[plan.on]: row for row in right(tables)}
        return [
            {**found.get(row[plan.on], nothing), **row}
            for row in left(tables)
            if plan.how == "left" or row[plan.on] in found
        ]

    return run


def _cumulative(operation: o.Operation) -> Iterator[o.Cumulative]:
    if isinstance(operation, o.Cumulative):
        yield operation
    for operand in operation.operands:
        yield from _cumulative(operand)


def _running_aggregate(of: Schema, operation: o.Cumulative) -> Callable[[Sequence[Row]], list[Any]]:
    operand = _function(of, [operation.of])
    counts = isinstance(operation, o.CumulativeCount)

    def run(rows: Sequence[Row]) -> list[Any]:
        result: list[Any] = [math.nan] * len(rows)
        totals: dict[Any, int] = defaultdict(int)
        order = sorted(range(len(rows)), key=lambda place: _sort_key(rows[place], operation.order_by))
        for place in order:
            partition = tuple(_key(rows[place][name]) for name in operation.partition_by)
            (value,) = operand(rows[place])
            if _is_missing(value):
                result[place] = totals[partition] if counts else value
            else:
                totals[partition] += 1 if counts else value
                result[place] = totals[partition]
        return result

    return run


def _sort_key(row: Row, names: Iterable[str]) -> list[tuple[bool, Any]]:
    """Return what rows are sorted by: missing comes first."""
    return [(not _is_missing(row[name]), 0 if _is_missing(row[name]) else row[name]) for name in names]


def _is_missing(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _key(value: Any) -> Any:
    """Return a value that equals itself where it is missing."""
    return None if _is_missing(value) else value


def _present(column: Iterable[Any]) -> list[Any]:
    return [value for value in column if not _is_missing(value)]


def _operand(operation: o.Operation) -> o.Operation:
    return operation.of if isinstance(operation, o.Aggregate) else o.Constant(0)


# What each aggregate makes of the values that are not missing, and of all of them.
_AGGREGATES: Mapping[type[o.Operation], Callable[[list[Any], Sequence[Any]], Any]] = {
    o.Sum: lambda present, _: sum(present),
    o.Count: lambda present, _: len(present),
    o.Min: lambda present, _: min(present, default=math.nan),
    o.Max: lambda present, _: max(present, default=math.nan),
    o.NUnique: lambda present, column: len(set(present)) + (len(present) < len(column)),
    o.AnyTrue: lambda present, _: float(1.0 in present),
    o.Length: lambda _, column: len(column),
}
