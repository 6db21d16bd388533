"""Expressions as code for many rows, on NumPy columns of floats; text is represented by codes in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.features import expression as e
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
    """Writes expressions over columns; the order of rows is found for running aggregates.

    ``constant`` holds the columns that have one value in all rows.
    """

    def __init__(
        self,
        code: Code,
        rows: Rows,
        codes: Codes,
        constant: frozenset[str],
        aggregates: Mapping[e.Expr, str] | None = None,
    ) -> None:
        super().__init__(code, rows, aggregates)
        self._codes, self._constant = codes, constant

    def constant(self, value: e.Value) -> str:
        """Write a constant, text as its code."""
        return repr(self._codes[value] if isinstance(value, str) else float(value))

    def choice(self, condition: str, value: str, alternative: str) -> str:
        """Write the choice between two values."""
        return f"where({condition}, {value}, {alternative})"

    def quotient(self, operation: e.Divide) -> str:
        """Write a quotient, missing where the divisor is zero."""
        left, right = self.value(operation.left), self.value(operation.right)
        quotient = self.code.let(f"{left} / {right}")
        if isinstance(operation.right, e.Constant) and operation.right.value != 0:
            return quotient
        return f"where({right} == 0.0, nan, {quotient})"

    def converted(self, operation: e.Cast) -> str:
        """Write a value in another type."""
        value, before = self.value(operation.of), self.facts(operation.of).type
        if operation.to is not e.INTEGER or before is e.INTEGER:
            return value
        if before is e.TEXT:
            return f"digits({value}, {self.code.hold(self._codes.numbers())})"
        # Adding zero makes 0.0 of -0.0, which no whole number is; a floor is whole.
        return f"{value} + 0.0" if isinstance(operation.of, e.Floor) else f"trunc({value}) + 0.0"

    def cumulative(self, operation: e.Cumulative) -> str:
        """Write a running aggregate."""
        partition = [name for name in (operation.partition_by,) if name not in self._constant]
        keys = [self.key(name) for name in (*partition, *operation.order_by)]
        order = self.code.let(f"lexsort(({', '.join(reversed(keys))},))")
        within = f", {keys[0]}" if partition else ""
        value = self.value(operation.of)
        function = "running_count" if isinstance(operation, e.CumulativeCount) else "running_sum"
        return self.code.let(f"{function}({value}, {order}{within})")

    def key(self, name: str) -> str:
        """Write a column as one to sort or group by: missing comes first and equals itself."""
        column = self.rows.column(name)
        nullable = self.rows.schema[name].nullable
        return self.code.let(f"where({column} == {column}, {column}, -inf)") if nullable else column
