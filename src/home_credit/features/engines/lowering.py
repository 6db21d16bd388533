"""Expressions as Python code on floats: what code for single values and code for NumPy columns have in common.

Missing is NaN. INTEGER values are floats too, which hold whole numbers below 2**53 exactly; where larger ones can
arise, a check is written as well. A condition is written twice where need be: ``holds`` where it is true,
``fails`` where it is false, so that a missing one is in neither. Stored, it is 1.0, 0.0 or NaN.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import reduce, singledispatchmethod
from typing import TYPE_CHECKING, ClassVar, Protocol

from home_credit.features import expression as e
from home_credit.features.inference import Facts, facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.features.engines.code import Code
    from home_credit.features.inference import Schema

# Whole numbers below this are floats, and so are their sums and products where those stay below it too.
EXACT = 2**53
TRUE, FALSE = "True", "False"


class Rows(Protocol):
    """The rows of a plan, or one row, in the code under construction."""

    @property
    def schema(self) -> Schema:
        """The facts of the columns."""

    def column(self, name: str) -> str:
        """Return the variable that holds a column."""


class Lowering(ABC):
    """Writes expressions over ``rows`` as code; ``aggregates`` names the variables that hold aggregates."""

    # What the names of the functions that the code calls begin with.
    prefix: ClassVar[str] = ""
    # How a missing value is written.
    missing: ClassVar[str] = "nan"

    def __init__(self, code: Code, rows: Rows, aggregates: Mapping[e.Expr, str] | None = None) -> None:
        self.code, self.rows = code, rows
        self.aggregates = aggregates or {}
        self._facts: dict[e.Expr, Facts] = {}

    @abstractmethod
    def constant(self, value: e.Value) -> str:
        """Write a constant."""

    @abstractmethod
    def choice(self, condition: str, value: str, alternative: str) -> str:
        """Write the choice between two values."""

    @abstractmethod
    def quotient(self, operation: e.Divide) -> str:
        """Write a quotient, missing where the divisor is zero."""

    @abstractmethod
    def converted(self, operation: e.Cast) -> str:
        """Write a value in another type."""

    def whole(self, number: str, operation: e.Arithmetic) -> str:
        """Write what keeps the whole number that ``operation`` gave, in a variable, a whole number."""
        if isinstance(operation, e.Multiply):  # of zero and a negative number: -0.0
            number = self.code.let(f"{number} + {self.constant(0.0)}")
        if self.facts(operation).bound >= EXACT:
            self.code.let(f"{self.prefix}check({number})")
        return number

    def cumulative(self, operation: e.Cumulative) -> str:
        """Write a running aggregate; raises TypeError where there is but one row."""
        raise TypeError(f"{type(operation).__name__} needs rows")

    def facts(self, operation: e.Expr) -> Facts:
        """Return the facts of an expression."""
        if operation not in self._facts:
            self._facts[operation] = facts(operation, self.rows.schema)
        return self._facts[operation]

    @singledispatchmethod
    def value(self, operation: e.Expr) -> str:
        """Write an expression; return the variable or literal that holds it."""
        # Conditions: whatever is no number and no text.
        yes, no = self.constant(1.0), self.constant(0.0)
        otherwise = no
        if self.facts(operation).nullable:
            otherwise = self._choose(self.fails(operation), no, self.missing)
        return self._choose(self.holds(operation), yes, otherwise)

    @value.register(e.Column)
    def _(self, operation: e.Column) -> str:
        return self.rows.column(operation.name)

    @value.register(e.Constant)
    def _(self, operation: e.Constant) -> str:
        return self.constant(operation.value)

    @value.register(e.Arithmetic)
    def _(self, operation: e.Arithmetic) -> str:
        number = self.code.let(
            f"{self.value(operation.left)} {operation.symbol} {self.value(operation.right)}"
        )
        found = self.facts(operation)
        return self.whole(number, operation) if found.type is e.INTEGER else number

    @value.register(e.Divide)
    def _(self, operation: e.Divide) -> str:
        return self.code.let(self.quotient(operation))

    @value.register(e.Cast)
    def _(self, operation: e.Cast) -> str:
        return self.code.let(self.converted(operation))

    @value.register(e.Floor)
    def _(self, operation: e.Floor) -> str:
        return self.code.let(f"{self.prefix}floor({self.value(operation.of)})")

    @value.register(e.SquareRoot)
    def _(self, operation: e.SquareRoot) -> str:
        return self.code.let(f"{self.prefix}sqrt({self.value(operation.of)})")

    @value.register(e.Clip)
    def _(self, operation: e.Clip) -> str:
        low, high = self.constant(operation.low), self.constant(operation.high)
        return self.code.let(f"{self.prefix}clip({self.value(operation.of)}, {low}, {high})")

    @value.register(e.Choose)
    def _(self, operation: e.Choose) -> str:
        alternative = self.missing if operation.alternative is None else self.value(operation.alternative)
        return self._choose(self.holds(operation.condition), self.value(operation.value), alternative)

    @value.register(e.Coalesce)
    def _(self, operation: e.Coalesce) -> str:
        *first, last = (self.value(value) for value in operation.values)
        return reduce(
            lambda rest, value: self._choose(f"{value} == {value}", value, rest), reversed(first), last
        )

    @value.register(e.MinHorizontal)
    def _(self, operation: e.MinHorizontal) -> str:
        return self._horizontal("least", operation)

    @value.register(e.MaxHorizontal)
    def _(self, operation: e.MaxHorizontal) -> str:
        return self._horizontal("greatest", operation)

    @value.register(e.Aggregate)
    @value.register(e.Length)
    def _(self, operation: e.Expr) -> str:
        return self.aggregates[operation]

    @value.register(e.Cumulative)
    def _(self, operation: e.Cumulative) -> str:
        return self.cumulative(operation)

    @singledispatchmethod
    def holds(self, operation: e.Expr) -> str:
        """Write where a condition is true: a variable, or the literal True or False."""
        return self.code.let(f"{self.value(operation)} == {self.constant(1.0)}")

    @holds.register(e.Comparison)
    def _(self, operation: e.Comparison) -> str:
        left, right = self.value(operation.left), self.value(operation.right)
        comparison = self.code.let(f"{left} {operation.symbol} {right}")
        return self._present(comparison, operation) if isinstance(operation, e.NotEqual) else comparison

    @holds.register(e.And)
    def _(self, operation: e.And) -> str:
        return self._both(self.holds(operation.left), self.holds(operation.right))

    @holds.register(e.Or)
    def _(self, operation: e.Or) -> str:
        return self._either(self.holds(operation.left), self.holds(operation.right))

    @holds.register(e.Not)
    def _(self, operation: e.Not) -> str:
        return self.fails(operation.of)

    @holds.register(e.IsNull)
    def _(self, operation: e.IsNull) -> str:
        value = self.value(operation.of)
        return self.code.let(f"{value} != {value}") if self.facts(operation.of).nullable else FALSE

    @holds.register(e.IsIn)
    def _(self, operation: e.IsIn) -> str:
        value = self.value(operation.of)
        return reduce(
            self._either,
            (self.code.let(f"{value} == {self.constant(each)}") for each in operation.values),
            FALSE,
        )

    @singledispatchmethod
    def fails(self, operation: e.Expr) -> str:
        """Write where a condition is false: a variable, or the literal True or False."""
        return self.code.let(f"{self.value(operation)} == {self.constant(0.0)}")

    @fails.register(e.Comparison)
    def _(self, operation: e.Comparison) -> str:
        return self.holds(_OPPOSITE[type(operation)](operation.left, operation.right))

    @fails.register(e.And)
    def _(self, operation: e.And) -> str:
        return self._either(self.fails(operation.left), self.fails(operation.right))

    @fails.register(e.Or)
    def _(self, operation: e.Or) -> str:
        return self._both(self.fails(operation.left), self.fails(operation.right))

    @fails.register(e.Not)
    def _(self, operation: e.Not) -> str:
        return self.holds(operation.of)

    @fails.register(e.IsNull)
    def _(self, operation: e.IsNull) -> str:
        value = self.value(operation.of)
        return self.code.let(f"{value} == {value}") if self.facts(operation.of).nullable else TRUE

    @fails.register(e.IsIn)
    def _(self, operation: e.IsIn) -> str:
        return reduce(self._both, (self.holds(operation.of != each) for each in operation.values), TRUE)

    def _choose(self, condition: str, value: str, alternative: str) -> str:
        if condition in (TRUE, FALSE):
            return value if condition == TRUE else alternative
        return self.code.let(self.choice(condition, value, alternative))

    def _horizontal(self, function: str, operation: e.Horizontal) -> str:
        values = [self.value(value) for value in operation.values]
        return reduce(lambda one, other: self.code.let(f"{self.prefix}{function}({one}, {other})"), values)

    def _present(self, condition: str, operation: e.Comparison) -> str:
        """Write that a condition holds and both sides are there: NaN differs from everything."""
        for side in operation.operands:
            if self.facts(side).nullable:
                value = self.value(side)
                condition = self._both(condition, self.code.let(f"{value} == {value}"))
        return condition

    def _both(self, one: str, other: str) -> str:
        if FALSE in (one, other):
            return FALSE
        if one in (TRUE, other):
            return other
        return one if other == TRUE else self.code.let(f"{one} & {other}")

    def _either(self, one: str, other: str) -> str:
        if TRUE in (one, other):
            return TRUE
        if one in (FALSE, other):
            return other
        return one if other == FALSE else self.code.let(f"{one} | {other}")


_OPPOSITE: dict[type[e.Comparison], type[e.Comparison]] = {
    e.Equal: e.NotEqual,
    e.NotEqual: e.Equal,
    e.Less: e.GreaterEqual,
    e.LessEqual: e.Greater,
    e.Greater: e.LessEqual,
    e.GreaterEqual: e.Less,
}
