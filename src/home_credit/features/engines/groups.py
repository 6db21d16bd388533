"""Aggregates as code: those of all rows in a few products of matrices, those of many groups in a few reductions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from home_credit.features import operations as o
from home_credit.features.engines.lowering import EXACT
from home_credit.features.engines.rules import TRUE
from home_credit.features.inference import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from home_credit.features.engines.columns import Columns


def aggregates(operation: o.Operation) -> Iterator[o.Operation]:
    """Yield the aggregates in an expression."""
    if isinstance(operation, o.Aggregate | o.Length):
        yield operation
    else:
        for operand in operation.operands:
            yield from aggregates(operand)


def flagged(operation: o.Operation) -> o.Operation | None:
    """Return the condition of what is 1 where it holds and 0 elsewhere, None for other expressions."""
    match operation:
        case o.Choose(condition, o.Constant(1), o.Constant(0)):
            return condition
    return None


class Aggregates(ABC):
    """Writes the aggregates of ``expressions`` over ``columns`` and names the variables that hold them."""

    def __init__(self, columns: Columns, rows: str, expressions: Iterable[o.Operation]) -> None:
        self.columns, self.code, self.rows = columns, columns.code, rows
        self.names: dict[o.Operation, str] = {}
        self.wanted: dict[tuple[str, ...], str] = {}
        self.large: set[str] = set()
        for expression in expressions:
            for operation in aggregates(expression):
                self.names[operation] = self.name(operation)
        self.write()

    @abstractmethod
    def name(self, operation: o.Operation) -> str:
        """Return the variable that will hold an aggregate."""

    @abstractmethod
    def write(self) -> None:
        """Write what fills the variables."""

    def want(self, *facts: str) -> str:
        """Return the variable of an aggregate that ``facts`` (its kind and operands) describe."""
        return self.wanted.setdefault(facts, self.code.name())

    def value(self, operation: o.Operation, *, summed: bool = False) -> str:
        """Return the variable that holds a column of values; one whose sum may be too large is kept in mind."""
        name = self.columns.column(operation, self.rows)
        if summed and self.columns.facts(operation).bound * MOST_ROWS >= EXACT:
            self.large.add(name)
        return name

    def condition(self, operation: o.Operation) -> str:
        """Return the variable that says in which rows a condition holds."""
        return self.columns.condition(operation, self.rows)

    def of_kind(self, *kinds: str) -> dict[tuple[str, ...], str]:
        """Return what is wanted of some kinds."""
        return {facts: name for facts, name in self.wanted.items() if facts[0] in kinds}


class OfAll(Aggregates):
    """Aggregates of all rows, at least one.

    Most aggregates are sums and counts of a value where a condition holds. With conditions as rows of one matrix and
    values as rows of another, one product of matrices holds all of them. It is exact, since all partial sums are
    whole numbers that floats hold.
    """

    def name(self, operation: o.Operation) -> str:
        """Return the variable that will hold an aggregate."""
        match operation:
            case o.Length():
                return self.want("Both", TRUE, TRUE)
            case o.AnyTrue(condition):
                return self.code.let(f"float({self.condition(condition)}.any())")
            case o.NUnique(value):
                return self.code.let(f"distinct({self.value(value)})")
            case o.Sum(value) if (flag := flagged(value)) is not None:
                sides = (flag.left, flag.right) if isinstance(flag, o.And) else (flag,)
                return self.want("Both", *sorted([TRUE, *map(self._scope, sides)][-2:]))
            case o.Aggregate(o.Choose(condition, value, None)):
                return self._where(type(operation).__name__, self._scope(condition), value)
            case o.Aggregate(value):
                return self._where(type(operation).__name__, TRUE, value)
        raise NotImplementedError(type(operation).__name__)

    def _scope(self, condition: o.Operation) -> str:
        return TRUE if self.columns.holds(condition) == TRUE else self.condition(condition)

    def _where(self, kind: str, condition: str, value: o.Operation) -> str:
        if kind == "Count" and not self.columns.facts(value).nullable:
            return self.want("Both", TRUE, condition)
        return self.want(kind, condition, self.value(value, summed=kind == "Sum"))

    def write(self) -> None:
        """Write what fills the variables."""
        conditions = _places(
            side for kind, *sides in self.wanted for side in (sides if kind == "Both" else sides[:1])
        )
        # Values that are summed, both, or counted stand next to each other, and those of extremes behind them.
        summed, counted = ({value for _, _, value in self.of_kind(kind)} for kind in ("Sum", "Count"))
        extremes = [value for kind in ("Min", "Max") for _, _, value in self.of_kind(kind)]
        values = _places([
            *sorted(summed - counted), *sorted(summed & counted), *sorted(counted - summed), *extremes
        ])  # fmt: skip
        self._conditions, self._values = conditions, values
        every = self.code.let(f"full({self.rows}, True)") if TRUE in conditions else ""
        self._held = self._matrix(every if condition == TRUE else condition for condition in conditions)
        self._raw = self._matrix(values)
        self._write_products(len(summed), len(summed - counted), len(summed | counted))
        self._write_extremes()

    def _matrix(self, columns: Iterable[str]) -> str:
        rows = ", ".join(columns)
        return self.code.let(f"array([{rows}])" if rows else f"full((0, {self.rows}), 0.0)")

    def _write_products(self, last: int, low: int, high: int) -> None:
        """Write sums of the first ``last`` values, counts of those from ``low`` to ``high``, and rows with both conditions."""
        wanted = self.of_kind("Sum", "Count", "Both")
        if not wanted:
            return
        large = [place for value, place in self._values.items() if value in self.large]
        checked = self.code.hold(np.array(large, dtype=np.intp))
        product = self.code.let(f"products({self._held}, {self._raw}, {last}, {low}, {high}, {checked})")
        offset = {"Sum": 0, "Count": last - low, "Both": last + high - low}
        places = {"Sum": self._values, "Count": self._values, "Both": self._conditions}
        rows = [self._conditions[condition] for _, condition, _ in wanted]
        columns = [offset[kind] + places[kind][other] for kind, _, other in wanted]
        self._fill(wanted, f"{product}[{self._index(rows)}, {self._index(columns)}]")

    def _write_extremes(self) -> None:
        for kind, function in (("Min", "fmin"), ("Max", "fmax")):
            wanted = self.of_kind(kind)
            if wanted:
                conditions = self._index([self._conditions[condition] for _, condition, _ in wanted])
                values = self._index([self._values[value] for _, _, value in wanted])
                scoped = f"where({self._held}.take({conditions}, 0), {self._raw}.take({values}, 0), missing)"
                self._fill(wanted, f"{function}.reduce({scoped}, 1)")

    def _index(self, places: Sequence[int]) -> str:
        return self.code.hold(np.array(places))

    def _fill(self, wanted: Mapping[tuple[str, ...], str], values: str) -> None:
        self.code.line(f"{', '.join(wanted.values())}, = {values}.tolist()")


class OfGroups(Aggregates):
    """Aggregates of groups of rows: ``order`` brings each group's rows together, ``first`` says where each begins."""

    def __init__(
        self, columns: Columns, rows: str, expressions: Iterable[o.Operation], order: str, first: str
    ) -> None:
        self.order, self.first = order, first
        super().__init__(columns, rows, expressions)

    def name(self, operation: o.Operation) -> str:
        """Return the variable that will hold an aggregate."""
        match operation:
            case o.Length():
                return self.want("Flag", self.code.let(f"full({self.rows}, True)"))
            case o.AnyTrue(condition):
                number = self.want("Flag", self.condition(condition))
                return self.want("Any", number)
            case o.NUnique(value):
                return self.code.let(f"distinct_by({self.value(value)}, {self.order}, {self.first})")
            case o.Sum(value) if (flag := flagged(value)) is not None:
                return self.want("Flag", self.condition(flag))
            case o.Aggregate(value):
                return self.want(
                    type(operation).__name__, self.value(value, summed=isinstance(operation, o.Sum))
                )
        raise NotImplementedError(type(operation).__name__)

    def write(self) -> None:
        """Write what fills the variables."""
        for kind, function in (
            ("Flag", "flags_by"), ("Sum", "sums_by"), ("Count", "counts_by"), ("Min", "minima_by"), ("Max", "maxima_by")
        ):  # fmt: skip
            wanted = self.of_kind(kind)
            if wanted:
                columns = f"array([{', '.join(value for _, value in wanted)}]).take({self.order}, 1)"
                large = f", {self.large.isdisjoint(value for _, value in wanted)}" if kind == "Sum" else ""
                self.code.line(f"{', '.join(wanted.values())}, = {function}({columns}, {self.first}{large})")
        for (_, number), name in self.of_kind("Any").items():
            self.code.line(f"{name} = where({number} > 0.0, 1.0, 0.0)")


def _places(names: Iterable[str]) -> dict[str, int]:
    """Number names in the order in which they first come."""
    return {name: place for place, name in enumerate(dict.fromkeys(names))}
