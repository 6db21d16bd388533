"""Expressions as Python code on floats: what code for single values and code for NumPy columns have in common.

Missing is NaN. INTEGER values are floats too, which hold whole numbers below 2**53 exactly; where larger ones can
arise, a check is written as well. A condition is written twice where need be: ``holds`` where it is true,
``fails`` where it is false, so that a missing one is in neither. Stored, it is 1.0, 0.0 or NaN.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import reduce
from typing import TYPE_CHECKING, ClassVar, Protocol

from home_credit.features import operations as o
from home_credit.features.engines import rules
from home_credit.features.engines.rules import FALSE, TRUE
from home_credit.features.inference import Facts, facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.features.engines.code import Code
    from home_credit.features.inference import Schema

# Whole numbers below this are floats, and so are their sums and products where those stay below it too.
EXACT = 2**53


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

    def __init__(self, code: Code, rows: Rows, aggregates: Mapping[o.Operation, str] | None = None) -> None:
        self.code, self.rows = code, rows
        self.aggregates = aggregates or {}
        self._written: dict[o.Operation, str] = {}

    @abstractmethod
    def constant(self, value: o.Value) -> str:
        """Write a constant."""

    @abstractmethod
    def choice(self, condition: str, value: str, alternative: str) -> str:
        """Write the choice between two values."""

    @abstractmethod
    def quotient(self, operation: o.Divide) -> str:
        """Write a quotient, missing where the divisor is zero."""

    @abstractmethod
    def converted(self, operation: o.Cast) -> str:
        """Write a value in another type."""

    def whole(self, number: str, operation: o.Arithmetic) -> str:
        """Write what keeps the whole number that ``operation`` gave, in a variable, a whole number."""
        if isinstance(operation, o.Multiply):  # of zero and a negative number: -0.0
            number = self.code.let(f"{number} + {self.constant(0.0)}")
        if self.facts(operation).bound >= EXACT:
            self.code.let(f"{self.prefix}check({number})")
        return number

    def cumulative(self, operation: o.Cumulative) -> str:
        """Write a running aggregate; raises TypeError where there is but one row."""
        raise TypeError(f"{type(operation).__name__} needs rows")

    def facts(self, operation: o.Operation) -> Facts:
        """Return the facts of an expression."""
        return facts(operation, self.rows.schema)

    def value(self, operation: o.Operation) -> str:
        """Write an expression; return the variable or literal that holds it."""
        if operation not in self._written:
            self._written[operation] = rules.value(operation, self)
        return self._written[operation]

    def holds(self, condition: o.Operation) -> str:
        """Write where a condition is true; return a variable, or the literal True or False."""
        return rules.holds(condition, self)

    def fails(self, condition: o.Operation) -> str:
        """Write where a condition is false; return a variable, or the literal True or False."""
        return rules.fails(condition, self)

    def choose(self, condition: str, value: str, alternative: str) -> str:
        """Write the choice between two values, unless it is known beforehand."""
        if condition in (TRUE, FALSE):
            return value if condition == TRUE else alternative
        return self.code.let(self.choice(condition, value, alternative))

    def horizontal(self, function: str, operation: o.Horizontal) -> str:
        """Write a function of two values that is applied to one value after the other."""
        values = [self.value(value) for value in operation.values]
        return reduce(lambda one, other: self.code.let(f"{self.prefix}{function}({one}, {other})"), values)

    def present(self, condition: str, operation: o.Comparison) -> str:
        """Write that a condition holds and both sides are there: NaN differs from everything."""
        for side in operation.operands:
            if self.facts(side).nullable:
                value = self.value(side)
                condition = self.both(condition, self.code.let(f"{value} == {value}"))
        return condition

    def both(self, one: str, other: str) -> str:
        """Write that both conditions hold."""
        if FALSE in (one, other):
            return FALSE
        if one in (TRUE, other):
            return other
        return one if other == TRUE else self.code.let(f"{one} & {other}")

    def either(self, one: str, other: str) -> str:
        """Write that one of two conditions holds."""
        if TRUE in (one, other):
            return TRUE
        if one in (FALSE, other):
            return other
        return one if other == FALSE else self.code.let(f"{one} | {other}")
