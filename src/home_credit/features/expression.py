"""The algebra in which features are defined: expressions over columns, as data.

An expression is a tree of small immutable operations. It computes nothing; an engine (``features.engines``)
translates or compiles it, and ``features.lineage`` reads from it which columns a feature stands on.

Every value may be missing. Arithmetic and comparison give missing where an operand is; ``&`` and ``|`` follow
Kleene's logic; a condition that is missing selects ``otherwise``. Division gives missing where the divisor is
zero, and the square root where the number is negative, so no expression yields NaN. Aggregates skip what is
missing: a sum of nothing is 0, an extreme of nothing is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Value = int | float | str


class Type(Enum):
    """The types of values, named as in the schema of the tables; a condition is no column of a table."""

    INTEGER = "integer"
    FLOAT = "number"
    TEXT = "text"
    BOOLEAN = "boolean"


INTEGER, FLOAT, TEXT, BOOLEAN = Type.INTEGER, Type.FLOAT, Type.TEXT, Type.BOOLEAN
_TYPES: dict[type, Type] = {int: INTEGER, float: FLOAT, str: TEXT}


@dataclass(frozen=True, eq=False, slots=True)
class Expr:
    """An expression; operators and methods build larger ones. ``==`` builds a comparison, so equality is identity."""

    @property
    def operands(self) -> tuple[Expr, ...]:
        """The expressions that this one is made of, in order."""
        return tuple(part for name in self.__dataclass_fields__ for part in _expressions(getattr(self, name)))

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value: use &, | and ~")

    def __add__(self, other: Expr | Value) -> Expr:
        return Add(self, lit(other))

    def __sub__(self, other: Expr | Value) -> Expr:
        return Subtract(self, lit(other))

    def __mul__(self, other: Expr | Value) -> Expr:
        return Multiply(self, lit(other))

    def __truediv__(self, other: Expr | Value) -> Expr:
        return Divide(self, lit(other))

    def __radd__(self, other: Value) -> Expr:
        return Add(lit(other), self)

    def __rsub__(self, other: Value) -> Expr:
        return Subtract(lit(other), self)

    def __rmul__(self, other: Value) -> Expr:
        return Multiply(lit(other), self)

    def __rtruediv__(self, other: Value) -> Expr:
        return Divide(lit(other), self)

    def __neg__(self) -> Expr:
        return Subtract(lit(0), self)

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]  # builds a comparison, as everywhere in data frames
        return Equal(self, lit(other))

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]  # as above
        return NotEqual(self, lit(other))

    __hash__ = object.__hash__

    def __lt__(self, other: Expr | Value) -> Expr:
        return Less(self, lit(other))

    def __le__(self, other: Expr | Value) -> Expr:
        return LessEqual(self, lit(other))

    def __gt__(self, other: Expr | Value) -> Expr:
        return Greater(self, lit(other))

    def __ge__(self, other: Expr | Value) -> Expr:
        return GreaterEqual(self, lit(other))

    def __and__(self, other: Expr) -> Expr:
        return And(self, other)

    def __or__(self, other: Expr) -> Expr:
        return Or(self, other)

    def __invert__(self) -> Expr:
        return Not(self)

    def is_null(self) -> Expr:
        """Tell whether the value is missing."""
        return IsNull(self)

    def is_in(self, values: Iterable[Value]) -> Expr:
        """Tell whether the value is one of ``values``; missing where it is missing."""
        return IsIn(self, tuple(values))

    def cast(self, to: Type) -> Expr:
        """Convert to another type: FLOAT to INTEGER towards zero, TEXT of digits to INTEGER."""
        return Cast(self, to)

    def fill_null(self, value: Value) -> Expr:
        """Put ``value`` where it is missing."""
        return Coalesce((self, lit(value)))

    def floor(self) -> Expr:
        """Return the largest whole number that is not above, as FLOAT."""
        return Floor(self)

    def sqrt(self) -> Expr:
        """Return the square root, missing where the number is negative."""
        return SquareRoot(self)

    def clip(self, low: float, high: float) -> Expr:
        """Bound a FLOAT to ``low`` and ``high``."""
        return Clip(self, low, high)

    def sum(self) -> Expr:
        """Aggregate: the sum, 0 where there is nothing."""
        return Sum(self)

    def count(self) -> Expr:
        """Aggregate: the number of values that are not missing."""
        return Count(self)

    def min(self) -> Expr:
        """Aggregate: the least value, missing where there is none."""
        return Min(self)

    def max(self) -> Expr:
        """Aggregate: the greatest value, missing where there is none; text by code points."""
        return Max(self)

    def n_unique(self) -> Expr:
        """Aggregate: the number of distinct values, missing counted as one of them."""
        return NUnique(self)

    def any(self) -> Expr:
        """Aggregate: whether the condition holds in any row."""
        return AnyTrue(self)

    def cum_count(self, partition_by: str, order_by: Iterable[str]) -> Expr:
        """Count the values from the first row up to this one, by ``partition_by`` in ascending ``order_by``.

        Missing comes first in the order.
        """
        return CumulativeCount(self, partition_by, tuple(order_by))

    def cum_sum(self, partition_by: str, order_by: Iterable[str]) -> Expr:
        """Add up the values from the first row to this one, by ``partition_by`` in ascending ``order_by``.

        Missing comes first in the order.
        """
        return CumulativeSum(self, partition_by, tuple(order_by))


def _expressions(part: object) -> Iterator[Expr]:
    if isinstance(part, Expr):
        yield part
    elif isinstance(part, tuple):
        yield from (item for item in part if isinstance(item, Expr))


@dataclass(frozen=True, eq=False, slots=True)
class Column(Expr):
    """A column of the rows at hand."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Constant(Expr):
    """One value for every row."""

    value: Value

    @property
    def type(self) -> Type:
        """The type of the value."""
        return _TYPES[type(self.value)]


@dataclass(frozen=True, eq=False, slots=True)
class Unary(Expr):
    """An operation on one expression."""

    of: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Binary(Expr):
    """An operation on two expressions, written with ``symbol`` between them."""

    left: Expr
    right: Expr
    symbol: ClassVar[str]


class Arithmetic(Binary):
    """A number made of two."""

    __slots__ = ()


class Comparison(Binary):
    """A condition on two values."""

    __slots__ = ()


class Logic(Binary):
    """A condition made of two."""

    __slots__ = ()


class Aggregate(Unary):
    """One value made of the values of all rows of a group."""

    __slots__ = ()


class Add(Arithmetic):
    """left + right."""

    __slots__ = ()
    symbol = "+"


class Subtract(Arithmetic):
    """left - right."""

    __slots__ = ()
    symbol = "-"


class Multiply(Arithmetic):
    """left × right."""

    __slots__ = ()
    symbol = "*"


class Divide(Arithmetic):
    """left / right as a FLOAT, missing where right is zero."""

    __slots__ = ()
    symbol = "/"


class Equal(Comparison):
    """left = right."""

    __slots__ = ()
    symbol = "=="


class NotEqual(Comparison):
    """left ≠ right."""

    __slots__ = ()
    symbol = "!="


class Less(Comparison):
    """left < right."""

    __slots__ = ()
    symbol = "<"


class LessEqual(Comparison):
    """left ≤ right."""

    __slots__ = ()
    symbol = "<="


class Greater(Comparison):
    """left > right."""

    __slots__ = ()
    symbol = ">"


class GreaterEqual(Comparison):
    """left ≥ right."""

    __slots__ = ()
    symbol = ">="


class And(Logic):
    """Both conditions hold."""

    __slots__ = ()
    symbol = "&"


class Or(Logic):
    """At least one condition holds."""

    __slots__ = ()
    symbol = "|"


class Not(Unary):
    """The condition does not hold."""

    __slots__ = ()


class IsNull(Unary):
    """The value is missing."""

    __slots__ = ()


class Floor(Unary):
    """The largest whole number that is not above."""

    __slots__ = ()


class SquareRoot(Unary):
    """The square root."""

    __slots__ = ()


class Sum(Aggregate):
    """The sum of a group."""

    __slots__ = ()


class Count(Aggregate):
    """The number of values of a group."""

    __slots__ = ()


class Min(Aggregate):
    """The least value of a group."""

    __slots__ = ()


class Max(Aggregate):
    """The greatest value of a group."""

    __slots__ = ()


class NUnique(Aggregate):
    """The number of distinct values of a group."""

    __slots__ = ()


class AnyTrue(Aggregate):
    """Whether a condition holds in any row of a group."""

    __slots__ = ()


@dataclass(frozen=True, eq=False, slots=True)
class Length(Expr):
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
class Choose(Expr):
    """``then`` where the condition holds, ``otherwise`` (or missing) elsewhere."""

    condition: Expr
    value: Expr
    alternative: Expr | None = None

    def otherwise(self, value: Expr | Value) -> Expr:
        """Choose ``value`` where the condition does not hold or is missing."""
        return Choose(self.condition, self.value, lit(value))


@dataclass(frozen=True, eq=False, slots=True)
class Horizontal(Expr):
    """One value made of several of the same row."""

    values: tuple[Expr, ...]


class Coalesce(Horizontal):
    """The first value that is not missing."""

    __slots__ = ()


class MinHorizontal(Horizontal):
    """The least value that is not missing."""

    __slots__ = ()


class MaxHorizontal(Horizontal):
    """The greatest value that is not missing."""

    __slots__ = ()


@dataclass(frozen=True, eq=False, slots=True)
class Cumulative(Unary):
    """A running aggregate over the rows with the same ``partition_by``, in ascending ``order_by``."""

    partition_by: str
    order_by: tuple[str, ...]


class CumulativeCount(Cumulative):
    """The number of values so far."""

    __slots__ = ()


class CumulativeSum(Cumulative):
    """The sum of values so far."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class When:
    """The start of a choice: ``when(condition).then(value).otherwise(value)``."""

    condition: Expr

    def then(self, value: Expr | Value) -> Choose:
        """Choose ``value`` where the condition holds; elsewhere missing unless ``otherwise`` follows."""
        return Choose(self.condition, lit(value))


def col(name: str) -> Expr:
    """Return the column ``name``."""
    return Column(name)


def lit(value: object) -> Expr:
    """Return a constant; an expression is returned as it is. Raises TypeError for what is no value."""
    if isinstance(value, Expr):
        return value
    if type(value) not in _TYPES:
        raise TypeError(f"{value!r} is neither an expression nor a number nor text")
    return Constant(value)  # type: ignore[arg-type]  # checked in the line above


def when(condition: Expr) -> When:
    """Begin a choice."""
    return When(condition)


def coalesce(*values: Expr) -> Expr:
    """Return the first value that is not missing."""
    return Coalesce(values)


def min_horizontal(*values: Expr) -> Expr:
    """Return the least of the values that are not missing."""
    return MinHorizontal(values)


def max_horizontal(*values: Expr) -> Expr:
    """Return the greatest of the values that are not missing."""
    return MaxHorizontal(values)


def count_rows() -> Expr:
    """Aggregate: the number of rows."""
    return Length()


def columns_in(expression: Expr) -> Iterator[str]:
    """Yield the columns that an expression reads, from left to right, some of them more than once."""
    match expression:
        case Column(name):
            yield name
        case Cumulative(_, partition_by, order_by):
            yield from (partition_by, *order_by)
    for operand in expression.operands:
        yield from columns_in(operand)
