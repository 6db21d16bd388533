"""The features of one applicant as functions on NumPy columns and plain values, written when they are loaded."""

from __future__ import annotations

import math
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from home_credit.features import operations as o
from home_credit.features import plan as p
from home_credit.features.engines import exact, kernels, values
from home_credit.features.engines.code import Code
from home_credit.features.engines.columns import Codes
from home_credit.features.engines.groups import OfAll
from home_credit.features.engines.rows import Context, rows
from home_credit.features.engines.values import UnfitError, Values
from home_credit.features.inference import schema
from home_credit.tables.schema import ID, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from home_credit.features.engines.kernels import Column
    from home_credit.features.inference import Schema

    Tables = Mapping[str, Mapping[str, Column]]

# NaN is a missing number, None a missing text.
Value = float | str | None


def history_function(
    plan: p.Grouped, exactly: Callable[[p.Plan, Tables], list[exact.Row]] = exact.rows
) -> Callable[[Tables], list[Value]]:
    """Return the function from the tables of one applicant to the aggregates of ``plan``, a group per applicant.

    Its results are in the order of the plan's columns, all missing where the applicant has no row. What it cannot
    compute exactly on floats it leaves to ``exactly``, which returns the rows of a plan.
    """
    names, expressions = zip(*plan.columns, strict=True)
    texts = [schema(plan)[name].type is o.TEXT for name in names]
    missing: list[Value] = [None if text else math.nan for text in texts]
    fast = _on_floats(plan, expressions, texts, missing)

    def compute(tables: Tables) -> list[Value]:
        try:
            return fast(tables)
        except UnfitError:
            found = exactly(plan, tables)
            return _exact(found[0], names, texts) if found else list(missing)

    return compute


def _exact(row: exact.Row, names: Iterable[str], texts: Iterable[bool]) -> list[Value]:
    return [_text(row[name]) if text else row[name] for name, text in zip(names, texts, strict=True)]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _on_floats(
    plan: p.Grouped, expressions: Sequence[o.Operation], texts: Sequence[bool], missing: list[Value]
) -> Callable[[Tables], list[Value]]:
    codes, code = Codes(texts_of(plan)), Code()
    of = rows(plan.of, Context(code, codes, frozenset({ID})))
    code.line(f"if not {of.count}: return list(nothing_known)")
    aggregates = OfAll(of.columns(), of.count, expressions)
    lowering = Values(code, of, aggregates.names, codes)
    results = [
        f"text({lowering.value(expression)})" if text else lowering.value(expression)
        for expression, text in zip(expressions, texts, strict=True)
    ]
    code.line(f"return [{', '.join(results)}]")
    namespace = {
        **kernels.NAMESPACE,
        **values.NAMESPACE,
        "nothing_known": missing,
        "text": codes.text,
        "nothing": {},
    }
    return code.function("history", "tables", namespace)


def texts_of(plan: p.Plan) -> Iterator[str]:
    """Yield the texts that the columns of a plan's tables may hold, and those that it compares them with."""
    if isinstance(plan, p.Scan):
        for column in table(plan.table).columns.values():
            yield from (value for value in column.values if isinstance(value, str))
    for part in p.parts(plan):
        yield from texts_of(part)
    for value in p.operations(plan):
        yield from _constants(value)


def _constants(operation: o.Operation) -> Iterator[str]:
    match operation:
        case o.Constant(str(value)):
            yield value
        case o.IsIn(_, several):
            yield from (value for value in several if isinstance(value, str))
    for operand in operation.operands:
        yield from _constants(operand)


def application_function(
    plan: p.Plan, names: Sequence[str], history: Sequence[str]
) -> Callable[[Mapping[str, Any], Sequence[Value]], list[Value]]:
    """Return the function from an application to the columns ``names`` of ``plan``.

    The function takes the columns of the application by name and the features of the applicant's ``history``, in
    its order, as :func:`history_function` gives them.
    """
    code = Code()
    places = {name: place for place, name in enumerate(history)}
    row, results = _row(plan, code, places), []
    for name in names:
        value = row.column(name)
        text = schema(plan)[name].type is o.TEXT
        results.append(f"None if {value} != {value} else {value}" if text else value)
    code.line(f"return [{', '.join(results)}]")
    return code.function("application", "application, history", values.NAMESPACE)


class _Row:
    """One row of a plan in the code under construction."""

    def __init__(self, plan: p.Plan, code: Code) -> None:
        self.schema: Schema = schema(plan)
        self.code = code

    def column(self, name: str) -> str:
        raise NotImplementedError


class _Application(_Row):
    """The application, read by column from the mapping ``application``."""

    def column(self, name: str) -> str:
        value = self.code.let(f"application.get({name!r})")
        number = value if self.schema[name].type is o.TEXT else f"float({value})"
        return self.code.let(f"nan if {value} is None else {number}")


class _Derived(_Row):
    """A row with values made of those of another."""

    def __init__(self, plan: p.Select | p.WithColumns, code: Code, places: Mapping[str, int]) -> None:
        super().__init__(plan, code)
        self._of, self._made = _row(plan.of, code, places), dict(plan.columns)
        self._lowering = Values(code, self._of)

    def column(self, name: str) -> str:
        return self._lowering.value(self._made[name]) if name in self._made else self._of.column(name)


class _WithHistory(_Row):
    """A row beside features that are given in the sequence ``history``."""

    def __init__(self, plan: p.Join, code: Code, places: Mapping[str, int]) -> None:
        super().__init__(plan, code)
        self._left, self._places = _row(plan.left, code, places), places

    def column(self, name: str) -> str:
        if name in self._left.schema:
            return self._left.column(name)
        value = self.code.let(f"history[{self._places[name]}]")
        if self.schema[name].type is o.TEXT:
            return self.code.let(f"nan if {value} is None else {value}")
        return value


@singledispatch
def _row(plan: p.Plan, code: Code, places: Mapping[str, int]) -> _Row:
    raise NotImplementedError(type(plan).__name__)


@_row.register(p.Scan)
def _(plan: p.Scan, code: Code, _places: Mapping[str, int]) -> _Row:
    return _Application(plan, code)


@_row.register(p.Select)
@_row.register(p.WithColumns)
def _(plan: p.Select | p.WithColumns, code: Code, places: Mapping[str, int]) -> _Row:
    return _Derived(plan, code, places)


@_row.register(p.Join)
def _(plan: p.Join, code: Code, places: Mapping[str, int]) -> _Row:
    return _WithHistory(plan, code, places)
