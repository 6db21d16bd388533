"""How each operation is written as code: the part that is the same for single values and for columns."""

from __future__ import annotations

from functools import reduce, singledispatch
from typing import TYPE_CHECKING

from home_credit.features import operations as o

if TYPE_CHECKING:
    from home_credit.features.engines.lowering import Lowering

# Literals of conditions that hold in every row, or in none.
TRUE, FALSE = "True", "False"


@singledispatch
def value(operation: o.Operation, to: Lowering) -> str:
    """Write an expression; return the variable or literal that holds it."""
    # Conditions: whatever is no number and no text.
    yes, no = to.constant(1.0), to.constant(0.0)
    otherwise = no
    if to.facts(operation).nullable:
        otherwise = to.choose(to.fails(operation), no, to.missing)
    return to.choose(to.holds(operation), yes, otherwise)


@value.register(o.Column)
def _(operation: o.Column, to: Lowering) -> str:
    return to.rows.column(operation.name)


@value.register(o.Constant)
def _(operation: o.Constant, to: Lowering) -> str:
    return to.constant(operation.value)


@value.register(o.Arithmetic)
def _(operation: o.Arithmetic, to: Lowering) -> str:
    number = to.code.let(f"{to.value(operation.left)} {operation.symbol} {to.value(operation.right)}")
    found = to.facts(operation)
    return to.whole(number, operation) if found.type is o.INTEGER else number


@value.register(o.Divide)
def _(operation: o.Divide, to: Lowering) -> str:
    return to.code.let(to.quotient(operation))


@value.register(o.Cast)
def _(operation: o.Cast, to: Lowering) -> str:
    return to.code.let(to.converted(operation))


@value.register(o.Floor)
def _(operation: o.Floor, to: Lowering) -> str:
    return to.code.let(f"{to.prefix}floor({to.value(operation.of)})")


@value.register(o.SquareRoot)
def _(operation: o.SquareRoot, to: Lowering) -> str:
    return to.code.let(f"{to.prefix}sqrt({to.value(operation.of)})")


@value.register(o.Clip)
def _(operation: o.Clip, to: Lowering) -> str:
    low, high = to.constant(operation.low), to.constant(operation.high)
    return to.code.let(f"{to.prefix}clip({to.value(operation.of)}, {low}, {high})")


@value.register(o.Choose)
def _(operation: o.Choose, to: Lowering) -> str:
    alternative = to.missing if operation.alternative is None else to.value(operation.alternative)
    return to.choose(to.holds(operation.condition), to.value(operation.value), alternative)


@value.register(o.Coalesce)
def _(operation: o.Coalesce, to: Lowering) -> str:
    *first, last = (to.value(value) for value in operation.values)
    return reduce(lambda rest, value: to.choose(f"{value} == {value}", value, rest), reversed(first), last)


@value.register(o.MinHorizontal)
def _(operation: o.MinHorizontal, to: Lowering) -> str:
    return to.horizontal("least", operation)


@value.register(o.MaxHorizontal)
def _(operation: o.MaxHorizontal, to: Lowering) -> str:
    return to.horizontal("greatest", operation)


@value.register(o.Aggregate)
@value.register(o.Length)
def _(operation: o.Operation, to: Lowering) -> str:
    return to.aggregates[operation]


@value.register(o.Cumulative)
def _(operation: o.Cumulative, to: Lowering) -> str:
    return to.cumulative(operation)


@singledispatch
def holds(operation: o.Operation, to: Lowering) -> str:
    """Write where a condition is true; return a variable, or the literal True or False."""
    return to.code.let(f"{to.value(operation)} == {to.constant(1.0)}")


@holds.register(o.Comparison)
def _(operation: o.Comparison, to: Lowering) -> str:
    left, right = to.value(operation.left), to.value(operation.right)
    comparison = to.code.let(f"{left} {operation.symbol} {right}")
    return to.present(comparison, operation) if isinstance(operation, o.NotEqual) else comparison


@holds.register(o.And)
def _(operation: o.And, to: Lowering) -> str:
    return to.both(to.holds(operation.left), to.holds(operation.right))


@holds.register(o.Or)
def _(operation: o.Or, to: Lowering) -> str:
    return to.either(to.holds(operation.left), to.holds(operation.right))


@holds.register(o.Not)
def _(operation: o.Not, to: Lowering) -> str:
    return to.fails(operation.of)


@holds.register(o.IsNull)
def _(operation: o.IsNull, to: Lowering) -> str:
    value = to.value(operation.of)
    return to.code.let(f"{value} != {value}") if to.facts(operation.of).nullable else FALSE


@holds.register(o.IsIn)
def _(operation: o.IsIn, to: Lowering) -> str:
    value = to.value(operation.of)
    return reduce(
        to.either,
        (to.code.let(f"{value} == {to.constant(each)}") for each in operation.values),
        FALSE,
    )


@singledispatch
def fails(operation: o.Operation, to: Lowering) -> str:
    """Write where a condition is false; return a variable, or the literal True or False."""
    return to.code.let(f"{to.value(operation)} == {to.constant(0.0)}")


@fails.register(o.Comparison)
def _(operation: o.Comparison, to: Lowering) -> str:
    return to.holds(_OPPOSITE[type(operation)](operation.left, operation.right))


@fails.register(o.And)
def _(operation: o.And, to: Lowering) -> str:
    return to.either(to.fails(operation.left), to.fails(operation.right))


@fails.register(o.Or)
def _(operation: o.Or, to: Lowering) -> str:
    return to.both(to.fails(operation.left), to.fails(operation.right))


@fails.register(o.Not)
def _(operation: o.Not, to: Lowering) -> str:
    return to.holds(operation.of)


@fails.register(o.IsNull)
def _(operation: o.IsNull, to: Lowering) -> str:
    value = to.value(operation.of)
    return to.code.let(f"{value} == {value}") if to.facts(operation.of).nullable else TRUE


@fails.register(o.IsIn)
def _(operation: o.IsIn, to: Lowering) -> str:
    return reduce(
        to.both, (to.holds(o.NotEqual(operation.of, o.Constant(each))) for each in operation.values), TRUE
    )


_OPPOSITE: dict[type[o.Comparison], type[o.Comparison]] = {
    o.Equal: o.NotEqual,
    o.NotEqual: o.Equal,
    o.Less: o.GreaterEqual,
    o.LessEqual: o.Greater,
    o.Greater: o.LessEqual,
    o.GreaterEqual: o.Less,
}
