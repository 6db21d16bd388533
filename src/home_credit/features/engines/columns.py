"""Expressions as code for many rows, on NumPy columns of floats; text is represented by codes in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.features import operations as o
from home_credit.features.engines.lowering import Lowering
from home_credit.features.engines.values import UnfitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from home_credit.features.engines.code import Code
    from home_credit.features.engines.lowering import Rows


class Codes(dict[str | None, float]):
    """The code of each known text, ascending as the texts are; missing is NaN."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = sorted(set(texts))
        super().__init__({text: float(code) for code, text in enumerate(self.texts)})
        self[None] = float("nan")

    def __missing__(self, text: str | None) -> float:
        raise UnfitError(f"{text!r} is not among the known texts")

    def text(self, code: float) -> str | None:
        """Return the text of a code."""
        return self.texts[int(code)] if code == code else None  # noqa: PLR0124  # NaN is missing

    def numbers(self) -> NDArray[np.float64]:
        """Return the number that each text is the digits of, NaN for other texts."""
        return np.array([float(text) if text.isdigit() else np.nan for text in self.texts])


class Columns(Lowering):
    """Writes expressions over columns; ``constant`` names the columns that have one value in all rows."""

    missing = "missing"

    def __init__(
        self,
        code: Code,
        rows: Rows,
        codes: Codes,
        constant: frozenset[str],
        aggregates: Mapping[o.Operation, str] | None = None,
    ) -> None:
        super().__init__(code, rows, aggregates)
        self._codes, self._constant = codes, constant

    def constant(self, value: o.Value) -> str:
        """Write a constant, text as its code, as the array that NumPy would otherwise make of it every time."""
        number = self._codes[value] if isinstance(value, str) else float(value)
        return self.code.hold(np.array(number), f"number {number!r}")

    def choice(self, condition: str, value: str, alternative: str) -> str:
        """Write the choice between two values."""
        return f"where({condition}, {value}, {alternative})"

    def quotient(self, operation: o.Divide) -> str:
        """Write a quotient, missing where the divisor is zero."""
        left, right = self.value(operation.left), self.value(operation.right)
        quotient = self.code.let(f"{left} / {right}")
        if isinstance(operation.right, o.Constant) and operation.right.value != 0:
            return quotient
        return f"where({right} == {self.constant(0.0)}, {self.missing}, {quotient})"

    def converted(self, operation: o.Cast) -> str:
        """Write a value in another type."""
        value, before = self.value(operation.of), self.facts(operation.of).type
        if operation.to is not o.INTEGER or before is o.INTEGER:
            return value
        if before is o.TEXT:
            return f"digits({value}, {self.code.hold(self._codes.numbers(), 'numbers')})"
        # Adding zero makes 0.0 of -0.0, which no whole number is; a floor is whole.
        whole = value if isinstance(operation.of, o.Floor) else self.code.let(f"trunc({value})")
        return f"{whole} + {self.constant(0.0)}"

    def cumulative(self, operation: o.Cumulative) -> str:
        """Write a running aggregate."""
        partition = self.keys(operation.partition_by)
        keys = [*partition, *self.keys(operation.order_by)]
        order = self.code.let(f"lexsort(({', '.join(reversed(keys))},))")
        within = f", [{', '.join(partition)}]" if partition else ""
        counts = isinstance(operation, o.CumulativeCount)
        if counts and not self.facts(operation.of).nullable:
            return self.code.let(f"ranks({order}{within})")
        function = "running_count" if counts else "running_sum"
        return self.code.let(f"{function}({self.value(operation.of)}, {order}{within})")

    def column(self, operation: o.Operation, rows: str) -> str:
        """Write an expression; return a variable that holds a column of so many rows."""
        return self._column(self.value(operation), operation, rows)

    def condition(self, operation: o.Operation, rows: str) -> str:
        """Write where a condition is true; return a variable that holds a column of so many rows."""
        return self._column(self.holds(operation), operation, rows)

    def _column(self, value: str, operation: o.Operation, rows: str) -> str:
        return value if self._varies(operation) else self.code.let(f"full({rows}, {value})")

    def _varies(self, operation: o.Operation) -> bool:
        """Tell whether a variable surely holds a column: one value would do for constants, and for what is known
        because a column is never missing.
        """
        if isinstance(operation, o.IsNull) and not self.facts(operation.of).nullable:
            return False
        if isinstance(operation, o.Column | o.Aggregate | o.Length | o.Cumulative):
            return True
        if isinstance(operation, o.Choose):
            return self._varies(operation.condition)
        if isinstance(operation, o.Logic):
            return all(self._varies(operand) for operand in operation.operands)
        return any(self._varies(operand) for operand in operation.operands)

    def keys(self, names: Iterable[str]) -> list[str]:
        """Write the columns that tell rows apart, as ones to sort or group by."""
        return [self.key(name) for name in names if name not in self._constant]

    def key(self, name: str) -> str:
        """Write a column as one to sort or group by: missing comes first and equals itself."""
        column = self.rows.column(name)
        nullable = self.rows.schema[name].nullable
        if not nullable:
            return column
        first = self.constant(-np.inf)
        return self.code.let(f"where({self.code.let(f'{column} == {column}')}, {column}, {first})")
