"""Expressions over columns, from which features are defined.

An expression wraps a tree of operations (:mod:`home_credit.features.operations` defines their meaning) and computes
nothing. An engine (``features.engines``) translates or compiles it, and ``features.lineage`` derives from it the
columns that a feature depends on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from home_credit.features import operations as o

if TYPE_CHECKING:
    from collections.abc import Iterable

FLOAT, INTEGER = o.FLOAT, o.INTEGER


@dataclass(frozen=True, eq=False, slots=True)
class Expr:
    """An expression; operators and methods build larger ones. ``==`` builds a comparison, so equality is identity."""

    operation: o.Operation

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value: use &, | and ~")

    def __add__(self, other: Expr | o.Value) -> Expr:
        return Expr(o.Add(self.operation, lit(other).operation))

    def __sub__(self, other: Expr | o.Value) -> Expr:
        return Expr(o.Subtract(self.operation, lit(other).operation))

    def __mul__(self, other: Expr | o.Value) -> Expr:
        return Expr(o.Multiply(self.operation, lit(other).operation))

    def __truediv__(self, other: Expr | o.Value) -> Expr:
        return Expr(o.Divide(self.operation, lit(other).operation))

    def __radd__(self, other: o.Value) -> Expr:
        return Expr(o.Add(lit(other).operation, self.operation))

    def __rsub__(self, other: o.Value) -> Expr:
        return Expr(o.Subtract(lit(other).operation, self.operation))

    def __rmul__(self, other: o.Value) -> Expr:
        return Expr(o.Multiply(lit(other).operation, self.operation))

    def __rtruediv__(self, other: o.Value) -> Expr:
        return Expr(o.Divide(lit(other).operation, self.operation))

    def __neg__(self) -> Expr:
        return 0 - self

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]  # builds a comparison, as everywhere in data frames
        return Expr(o.Equal(self.operation, lit(other).operation))

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]  # as above
        return Expr(o.NotEqual(self.operation, lit(other).operation))

    __hash__ = object.__hash__

    def __lt__(self, other: Expr | o.Value) -> Expr:
        return Expr(o.Less(self.operation, lit(other).operation))

    def __le__(self, other: Expr | o.Value) -> Expr:
        return Expr(o.LessEqual(self.operation, lit(other).operation))

    def __gt__(self, other: Expr | o.Value) -> Expr:
        return Expr(o.Greater(self.operation, lit(other).operation))

    def __ge__(self, other: Expr | o.Value) -> Expr:
        return Expr(o.GreaterEqual(self.operation, lit(other).operation))

    def __and__(self, other: Expr) -> Expr:
        return Expr(o.And(self.operation, other.operation))

    def __or__(self, other: Expr) -> Expr:
        return Expr(o.Or(self.operation, other.operation))

    def __invert__(self) -> Expr:
        return Expr(o.Not(self.operation))

    def is_null(self) -> Expr:
        """Return whether the value is missing."""
        return Expr(o.IsNull(self.operation))

    def is_in(self, values: Iterable[o.Value]) -> Expr:
        """Return whether the value is one of ``values``; missing where it is missing."""
        return Expr(o.IsIn(self.operation, tuple(values)))

    def cast(self, to: o.Type) -> Expr:
        """Convert to another type: FLOAT to INTEGER towards zero, TEXT of digits to INTEGER."""
        return Expr(o.Cast(self.operation, to))

    def fill_null(self, value: o.Value) -> Expr:
        """Replace missing values by ``value``."""
        return coalesce(self, lit(value))

    def floor(self) -> Expr:
        """Return the largest integer that is not above, as FLOAT."""
        return Expr(o.Floor(self.operation))

    def sqrt(self) -> Expr:
        """Return the square root, missing where the number is negative."""
        return Expr(o.SquareRoot(self.operation))

    def clip(self, low: float, high: float) -> Expr:
        """Bound a FLOAT to ``low`` and ``high``."""
        return Expr(o.Clip(self.operation, low, high))

    def sum(self) -> Expr:
        """Aggregate: the sum, 0 where no value is present."""
        return Expr(o.Sum(self.operation))

    def count(self) -> Expr:
        """Aggregate: the number of values that are not missing."""
        return Expr(o.Count(self.operation))

    def min(self) -> Expr:
        """Aggregate: the least value, missing where there is none."""
        return Expr(o.Min(self.operation))

    def max(self) -> Expr:
        """Aggregate: the greatest value, missing where there is none; text by code points."""
        return Expr(o.Max(self.operation))

    def n_unique(self) -> Expr:
        """Aggregate: the number of distinct values, missing counted as one of them."""
        return Expr(o.NUnique(self.operation))

    def any(self) -> Expr:
        """Aggregate: whether the condition holds in any row."""
        return Expr(o.AnyTrue(self.operation))

    def cum_count(self, partition_by: Iterable[str], order_by: Iterable[str]) -> Expr:
        """Count the values from the first row up to this one, by ``partition_by`` in ascending ``order_by``.

        Missing comes first in the order.
        """
        return Expr(o.CumulativeCount(self.operation, tuple(partition_by), tuple(order_by)))

    def cum_sum(self, partition_by: Iterable[str], order_by: Iterable[str]) -> Expr:
        """Add up the values from the first row to this one, by ``partition_by`` in ascending ``order_by``.

        Missing comes first in the order.
        """
        return Expr(o.CumulativeSum(self.operation, tuple(partition_by), tuple(order_by)))


class Choice(Expr):
    """A choice without an alternative so far."""

    def otherwise(self, value: Expr | o.Value) -> Expr:
        """Choose ``value`` where the condition does not hold or is missing."""
        match self.operation:
            case o.Choose(condition, chosen, _):
                return Expr(o.Choose(condition, chosen, lit(value).operation))
        raise TypeError("only a choice has an alternative")


@dataclass(frozen=True, slots=True)
class When:
    """The start of a choice: ``when(condition).then(value).otherwise(value)``."""

    condition: Expr

    def then(self, value: Expr | o.Value) -> Choice:
        """Choose ``value`` where the condition holds; elsewhere missing unless ``otherwise`` follows."""
        return Choice(o.Choose(self.condition.operation, lit(value).operation, None))


def col(name: str) -> Expr:
    """Return the column ``name``."""
    return Expr(o.Column(name))


def lit(value: object) -> Expr:
    """Return a constant; an expression is returned as it is. Raises TypeError for other types."""
    if isinstance(value, Expr):
        return value
    if type(value) not in o.TYPES:
        raise TypeError(f"{value!r} is neither an expression nor a number nor text")
    return Expr(o.Constant(value))  # type: ignore[arg-type]  # checked in the line above


def when(condition: Expr) -> When:
    """Start a choice."""
    return When(condition)


def coalesce(*values: Expr) -> Expr:
    """Return the first value that is not missing."""
    return Expr(o.Coalesce(tuple(value.operation for value in values)))


def min_horizontal(*values: Expr) -> Expr:
    """Return the least of the values that are not missing."""
    return Expr(o.MinHorizontal(tuple(value.operation for value in values)))


def max_horizontal(*values: Expr) -> Expr:
    """Return the greatest of the values that are not missing."""
    return Expr(o.MaxHorizontal(tuple(value.operation for value in values)))


def count_rows() -> Expr:
    """Aggregate: the number of rows."""
    return Expr(o.Length())
