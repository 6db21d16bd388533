"""The operations of the algebra, the nodes of expressions, as small immutable objects.

Every value may be missing. Arithmetic and comparison give missing where an operand is; And and Or follow Kleene's
logic; a condition that is missing selects the alternative. Divide gives missing where the divisor is zero and
SquareRoot where the number is negative, so no operation yields NaN. Aggregates skip what is missing: a sum of
nothing is 0, an extreme of nothing is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = int | float | str


class Type(Enum):
    """The types of values, named as in the schema of the tables; a condition is no column of a table."""

    INTEGER = "integer"
    FLOAT = "number"
    TEXT = "text"
    BOOLEAN = "boolean"


INTEGER, FLOAT, TEXT, BOOLEAN = Type.INTEGER, Type.FLOAT, Type.TEXT, Type.BOOLEAN
TYPES: dict[type, Type] = {int: INTEGER, float: FLOAT, str: TEXT}


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """An operation with operands, which are operations; equality is identity."""

    @property
    def operands(self) -> tuple[Operation, ...]:
        """The operations that this one works on, in order."""
        return ()


@dataclass(frozen=True, eq=False, slots=True)
class Column(Operation):
    """A column of the current rows."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Constant(Operation):
    """One value for every row."""

    value: Value

    @property
    def type(self) -> Type:
        """The type of the value."""
        return TYPES[type(self.value)]


@dataclass(frozen=True, eq=False, slots=True)
class Unary(Operation):
    """An operation on one expression."""

    of: Operation

    @property
    def operands(self) -> tuple[Operation, ...]:
        """The operations that this one works on, in order."""
        return (self.of,)


@dataclass(frozen=True, eq=False, slots=True)
class Binary(Operation):
    """An operation on two expressions, written with ``symbol`` between them."""

    left: Operation
    right: Operation
    symbol: ClassVar[str]

    @property
    def operands(self) -> tuple[Operation, ...]:
        """The operations that this one works on, in order."""
        return self.left, self.right


class Arithmetic(Binary):
    """A number computed from two."""


class Comparison(Binary):
    """A condition on two values."""


class Logic(Binary):
    """A condition computed from two."""


class Aggregate(Unary):
    """One value computed from the values of all rows of a group."""


class Add(Arithmetic):
    """left + right."""

    symbol = "+"


class Subtract(Arithmetic):
    """left - right."""

    symbol = "-"


class Multiply(Arithmetic):
    """left × right."""

    symbol = "*"


class Divide(Arithmetic):
    """left / right as a FLOAT, missing where right is zero."""

    symbol = "/"


class Equal(Comparison):
    """left = right."""

    symbol = "=="


class NotEqual(Comparison):
    """left ≠ right."""

    symbol = "!="


class Less(Comparison):
    """left < right."""

    symbol = "<"


class LessEqual(Comparison):
    """left ≤ right."""

    symbol = "<="


class Greater(Comparison):
    """left > right."""

    symbol = ">"


class GreaterEqual(Comparison):
    """left ≥ right."""

    symbol = ">="


class And(Logic):
    """Both conditions hold."""

    symbol = "&"


class Or(Logic):
    """At least one condition holds."""

    symbol = "|"


class Not(Unary):
    """The condition does not hold."""


class IsNull(Unary):
    """The value is missing."""


class Floor(Unary):
    """The largest integer that is not above."""


class SquareRoot(Unary):
    """The square root."""


class Sum(Aggregate):
    """The sum of a group."""


class Count(Aggregate):
    """The number of values of a group."""


class Min(Aggregate):
    """The least value of a group."""


class Max(Aggregate):
    """The greatest value of a group."""


class NUnique(Aggregate):
    """The number of distinct values of a group."""


class AnyTrue(Aggregate):
    """Whether a condition holds in any row of a group."""


@dataclass(frozen=True, eq=False, slots=True)
class Length(Operation):
    """The number of rows of a group."""


@dataclass(frozen=True, eq=False, slots=True)
class IsIn(Unary):
    """The value is one of several."""

    values: tuple[Value, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Cast(Unary):
    """The value in another type."""

    to: Type


@dataclass(frozen=True, eq=False, slots=True)
class Clip(Unary):
    """The number, bounded."""

    low: float
    high: float


@dataclass(frozen=True, eq=False, slots=True)
class Choose(Operation):
    """``then`` where the condition holds, ``otherwise`` (or missing) elsewhere."""

    condition: Operation
    value: Operation
    alternative: Operation | None

    @property
    def operands(self) -> tuple[Operation, ...]:
        """The operations that this one works on, in order."""
        return (self.condition, self.value, *(() if self.alternative is None else (self.alternative,)))


@dataclass(frozen=True, eq=False, slots=True)
class Horizontal(Operation):
    """One value computed from several of the same row."""

    values: tuple[Operation, ...]

    @property
    def operands(self) -> tuple[Operation, ...]:
        """The operations that this one works on, in order."""
        return self.values


class Coalesce(Horizontal):
    """The first value that is not missing."""


class MinHorizontal(Horizontal):
    """The least value that is not missing."""


class MaxHorizontal(Horizontal):
    """The greatest value that is not missing."""


@dataclass(frozen=True, eq=False, slots=True)
class Cumulative(Unary):
    """A running aggregate over the rows with the same ``partition_by``, in ascending ``order_by``."""

    partition_by: tuple[str, ...]
    order_by: tuple[str, ...]


class CumulativeCount(Cumulative):
    """The number of values so far."""


class CumulativeSum(Cumulative):
    """The sum of values so far."""


def columns_in(operation: Operation) -> Iterator[str]:
    """Yield the columns that an operation reads, from left to right, some of them more than once."""
    match operation:
        case Column(name):
            yield name
        case Cumulative(_, partition_by, order_by):
            yield from (*partition_by, *order_by)
    for operand in operation.operands:
        yield from columns_in(operand)
