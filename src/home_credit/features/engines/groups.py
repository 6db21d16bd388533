"""Aggregates as code: those of all rows in a few products of matrices, those of many groups in a few reductions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from home_credit.features import expression as e
from home_credit.features.engines.lowering import TRUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from home_credit.features.engines.columns import Columns


def aggregates(operation: e.Expr) -> Iterator[e.Expr]:
    """Yield the aggregates in an expression."""
    if isinstance(operation, e.Aggregate | e.Length):
        yield operation
    else:
        for operand in operation.operands:
            yield from aggregates(operand)


def flagged(operation: e.Expr) -> e.Expr | None:
    """Return the condition of what is 1 where it holds and 0 elsewhere, None for other expressions."""
    match operation:
        case e.Choose(condition, e.Constant(1), e.Constant(0)):
            return condition
    return None


class Aggregates(ABC):
    """Writes the aggregates of ``expressions`` over ``columns`` and names the variables that hold them."""

    def __init__(self, columns: Columns, rows: str, expressions: Iterable[e.Expr]) -> None:
        self.columns, self.code, self.rows = columns, columns.code, rows
        self.names: dict[e.Expr, str] = {}
        self.wanted: dict[tuple[str, ...], str] = {}
        for expression in expressions:
            for operation in aggregates(expression):
                self.names[operation] = self.name(operation)
        self.write()

    @abstractmethod
    def name(self, operation: e.Expr) -> str:
        """Return the variable that will hold an aggregate."""

    @abstractmethod
    def write(self) -> None:
        """Write what fills the variables."""

    def want(self, *facts: str) -> str:
        """Return the variable of an aggregate that ``facts`` (its kind and operands) describe."""
        return self.wanted.setdefault(facts, self.code.name())

    def of_kind(self, *kinds: str) -> dict[tuple[str, ...], str]:
        """Return what is wanted of some kinds."""
        return {facts: name for facts, name in self.wanted.items() if facts[0] in kinds}

    def column(self, value: str) -> str:
        """Return a variable that holds a column: a literal for all rows becomes one."""
        return value if value.startswith("v") else self.code.let(f"full({self.rows}, {value})")


class OfAll(Aggregates):
    """Aggregates of all rows, at least one.

    Most aggregates are sums and counts of a value where a condition holds. With conditions as rows of one matrix and
    values as rows of another, one product of matrices holds all of them. It is exact, since all partial sums are
    whole numbers that floats hold.
    """

    def name(self, operation: e.Expr) -> str:
        """Return the variable that will hold an aggregate."""
        match operation:
            case e.Length():
                return self.want("both", TRUE, TRUE)
            case e.AnyTrue(condition):
                return self.code.let(f"float({self.column(self.columns.holds(condition))}.any())")
            case e.NUnique(value):
                return self.code.let(f"distinct({self.column(self.columns.value(value))})")
            case e.Sum(value) if (flag := flagged(value)) is not None:
                return self._number_of(flag)
            case e.Aggregate(e.Choose(condition, value, None)):
                return self._masked(type(operation).__name__, self.columns.holds(condition), value)
            case e.Aggregate(value):
                return self._masked(type(operation).__name__, TRUE, value)
        raise NotImplementedError(type(operation).__name__)

    def _number_of(self, condition: e.Expr) -> str:
        if isinstance(condition, e.And):
            sides = sorted((self.columns.holds(condition.left), self.columns.holds(condition.right)))
            return self.want("both", *sides)
        return self.want("both", TRUE, self.columns.holds(condition))

    def _masked(self, kind: str, mask: str, value: e.Expr) -> str:
        if kind == "Count" and not self.columns.facts(value).nullable:
            return self.want("both", TRUE, mask)
        return self.want(kind, mask, self.column(self.columns.value(value)))

    def write(self) -> None:
        """Write what fills the variables."""
        wanted = {kind: self.of_kind(kind) for kind in ("Sum", "Count", "both", "Min", "Max")}
        masks = _places(
            side for kind, *sides in self.wanted for side in (sides if kind == "both" else sides[:1])
        )
        # Values that are summed, then those that are summed and counted, then counted alone, then the others: so
        # that both the summed and the counted are neighbours.
        summed, counted, extreme = (
            {value for kind in kinds for _, _, value in wanted[kind]}
            for kinds in (("Sum",), ("Count",), ("Min", "Max"))
        )
        values = _places([
            *sorted(summed - counted), *sorted(summed & counted), *sorted(counted - summed), *sorted(extreme)
        ])  # fmt: skip
        held = self.code.let(f"array([{', '.join(self.column(mask) for mask in masks)}])") if masks else ""
        raw = self.code.let(f"array([{', '.join(values)}])") if values else ""
        products = {**wanted["Sum"], **wanted["Count"], **wanted["both"]}
        if products:
            self._write_products(products, held, raw, masks, values)
        for kind, function in (("Min", "fmin"), ("Max", "fmax")):
            if wanted[kind]:
                of = self.code.hold(np.array([masks[mask] for _, mask, _ in wanted[kind]]))
                at = self.code.hold(np.array([values[value] for _, _, value in wanted[kind]]))
                scoped = f"where({held}.take({of}, 0), {raw}.take({at}, 0), nan)"
                self._assign(wanted[kind].values(), f"{function}.reduce({scoped}, 1).tolist()")

    def _write_products(
        self,
        products: dict[tuple[str, ...], str],
        held: str,
        raw: str,
        masks: dict[str, int],
        values: dict[str, int],
    ) -> None:
        summed = [values[value] for kind, _, value in products if kind == "Sum"]
        counted = [values[value] for kind, _, value in products if kind == "Count"]
        last, low, high = max(summed, default=-1) + 1, min(counted, default=0), max(counted, default=-1) + 1
        ones = self.code.let(f"{held}.astype(float)")
        parts = []
        if summed or counted:
            present = self.code.let(f"{raw} == {raw}")
        if summed:
            numbers = self.code.let(f"where({present}[:{last}], {raw}[:{last}], 0.0)")
            self.code.line(f"check_sums({numbers}, {self.rows})")
            parts.append(numbers)
        if counted:
            parts.append(f"{present}[{low}:{high}]")
        parts.append(ones)
        product = self.code.let(
            f"{ones} @ concatenate(({', '.join(parts)})).T" if len(parts) > 1 else f"{ones} @ {ones}.T"
        )
        offset = {"Sum": 0, "Count": last - low, "both": last + high - low}
        rows = self.code.hold(np.array([masks[mask] for _, mask, _ in products]))
        places = [offset[kind] + (masks if kind == "both" else values)[other] for kind, _, other in products]
        self._assign(products.values(), f"{product}[{rows}, {self.code.hold(np.array(places))}].tolist()")

    def _assign(self, names: Iterable[str], values: str) -> None:
        self.code.line(f"{', '.join(names)}, = {values}")


class OfGroups(Aggregates):
    """Aggregates of groups of rows: ``order`` brings each group's rows together, ``first`` says where each begins."""

    def __init__(
        self, columns: Columns, rows: str, expressions: Iterable[e.Expr], order: str, first: str
    ) -> None:
        self.order, self.first = order, first
        super().__init__(columns, rows, expressions)

    def name(self, operation: e.Expr) -> str:
        """Return the variable that will hold an aggregate."""
        match operation:
            case e.Length():
                return self.code.let(f"diff(append({self.first}, {self.rows})) + 0.0")
            case e.AnyTrue(condition):
                found = self.want("Sum", self.column(self.columns.holds(condition)))
                return self.want("Any", found)
            case e.NUnique(value):
                column = self.column(self.columns.value(value))
                return self.code.let(f"distinct_by({column}, {self.order}, {self.first})")
            case e.Sum(value) if (flag := flagged(value)) is not None:
                return self.want("Sum", self.column(self.columns.holds(flag)))
            case e.Aggregate(value):
                return self.want(type(operation).__name__, self.column(self.columns.value(value)))
        raise NotImplementedError(type(operation).__name__)

    def write(self) -> None:
        """Write what fills the variables."""
        for kind, function in (("Sum", "add"), ("Count", "add"), ("Min", "fmin"), ("Max", "fmax")):
            wanted = self.of_kind(kind)
            if not wanted:
                continue
            columns = self.code.let(f"array([{', '.join(value for _, value in wanted)}])[:, {self.order}]")
            if kind == "Sum":
                columns = self.code.let(f"where({columns} == {columns}, {columns}, 0.0)")
                self.code.line(f"check_sums({columns}, {self.rows})")
            if kind == "Count":
                columns = self.code.let(f"({columns} == {columns}) + 0.0")
            self.code.line(f"{', '.join(wanted.values())}, = {function}.reduceat({columns}, {self.first}, 1)")
        for (_, found), name in self.of_kind("Any").items():
            self.code.line(f"{name} = where({found} > 0.0, 1.0, 0.0)")


def _places(names: Iterable[str]) -> dict[str, int]:
    """Number names in the order in which they first come."""
    return {name: place for place, name in enumerate(dict.fromkeys(names))}
