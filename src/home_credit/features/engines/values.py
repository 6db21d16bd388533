"""Expressions as code for one row, on plain Python values."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from home_credit.features import operations as o
from home_credit.features.engines.lowering import EXACT, Lowering

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.features.engines.code import Code
    from home_credit.features.engines.lowering import Rows


class UnfitError(Exception):
    """Rows that code on floats cannot compute exactly, or whose texts it does not know."""


class Values(Lowering):
    """Writes expressions over one row on floats and text; ``codes`` stand for text where there are any."""

    prefix = "value_"

    def __init__(
        self,
        code: Code,
        rows: Rows,
        aggregates: Mapping[o.Operation, str] | None = None,
        codes: Mapping[str | None, float] | None = None,
    ) -> None:
        super().__init__(code, rows, aggregates)
        self._codes = codes

    def constant(self, value: o.Value) -> str:
        """Write a constant, text as its code where there are codes."""
        if isinstance(value, str):
            return repr(value if self._codes is None else self._codes[value])
        return repr(float(value))

    def choice(self, condition: str, value: str, alternative: str) -> str:
        """Write the choice between two values."""
        return f"{value} if {condition} else {alternative}"

    def quotient(self, operation: o.Divide) -> str:
        """Write a quotient, missing where the divisor is zero."""
        left, right = self.value(operation.left), self.value(operation.right)
        return f"{left} / {right} if {right} else nan"

    def converted(self, operation: o.Cast) -> str:
        """Write a value in another type."""
        value, before = self.value(operation.of), self.facts(operation.of).type
        if operation.to is o.INTEGER and before is not o.INTEGER:
            return f"value_whole({value})" if before is o.FLOAT else f"value_digits({value})"
        return value


class ExactValues(Values):
    """Writes expressions over one row on Python's integers of any size."""

    def constant(self, value: o.Value) -> str:
        """Write a constant."""
        return repr(value)

    def quotient(self, operation: o.Divide) -> str:
        """Write a quotient of floats, missing where the divisor is zero."""
        left, right = (self._float(part) for part in operation.operands)
        return f"{left} / {right} if {right} else nan"

    def converted(self, operation: o.Cast) -> str:
        """Write a value in another type."""
        before = self.facts(operation.of).type
        if operation.to is o.FLOAT:
            return self._float(operation.of)
        value = self.value(operation.of)
        return value if before is o.INTEGER else f"value_integer({value})"

    def whole(self, number: str, operation: o.Arithmetic) -> str:  # noqa: ARG002  # other code has more to do
        """Write nothing more: an integer of Python is whole, whatever its size."""
        return number

    def _float(self, operation: o.Operation) -> str:
        value = self.value(operation)
        return self.code.let(f"float({value})") if self.facts(operation).type is o.INTEGER else value


def _floor(number: float) -> float:
    return number // 1.0


def _sqrt(number: float) -> float:
    return math.sqrt(number) if number >= 0 else math.nan


def _clip(number: float, low: float, high: float) -> float:
    return low if number < low else high if number > high else number


def _least(one: float, other: float) -> float:
    # Of equal values (zeros of either sign) the later, as Polars has it.
    return one if one < other or other != other else other  # noqa: PLR0124  # NaN is missing


def _greatest(one: float, other: float) -> float:
    return one if one > other or other != other else other  # noqa: PLR0124  # as above


def _integer(value: float | str) -> float:
    return value if isinstance(value, float) and math.isnan(value) else int(value)


def _whole(number: float) -> float:
    return math.trunc(number) + 0.0 if number == number else number  # noqa: PLR0124  # NaN is missing


def _digits(text: float | str) -> float:
    return float(_integer(text))


def _check(number: float) -> None:
    if not -EXACT < number < EXACT and number == number:  # noqa: PLR0124  # NaN is missing
        raise UnfitError(f"{number} is no whole number below 2**53")


# The functions that the code calls.
NAMESPACE: Mapping[str, Any] = MappingProxyType(
    {
        "nan": math.nan,
        "value_floor": _floor,
        "value_sqrt": _sqrt,
        "value_clip": _clip,
        "value_least": _least,
        "value_greatest": _greatest,
        "value_integer": _integer,
        "value_whole": _whole,
        "value_digits": _digits,
        "value_check": _check,
    }
)
