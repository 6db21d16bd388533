"""Operations as readable formulas."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import singledispatch
from string import ascii_lowercase

from home_credit.features import operations as o
from home_credit.features.canonical import canonical

_WORDS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "*": "×", "-": "−", "&": "and", "|": "or"}
# Precedence of operators: a higher number binds tighter.
_LOOSE, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _ATOM = range(8)
_STRENGTHS = {"|": _OR, "&": _AND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_FUNCTIONS: dict[type[o.Operation], str] = {
    o.Floor: "floor",
    o.SquareRoot: "square root",
    o.Sum: "sum",
    o.Count: "count",
    o.Min: "least",
    o.Max: "greatest",
    o.NUnique: "distinct values",
    o.AnyTrue: "any",
    o.Coalesce: "first known",
    o.MinHorizontal: "least",
    o.MaxHorizontal: "greatest",
    o.CumulativeCount: "number so far",
    o.CumulativeSum: "sum so far",
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, and its repeated sub-expressions by the letters that replace them."""

    text: str
    parts: dict[str, str]

    def __str__(self) -> str:
        named = ", ".join(f"{letter} = {text}" for letter, text in self.parts.items())
        return f"{self.text}, with {named}" if named else self.text


def formula(operation: o.Operation) -> Formula:
    """Return an operation as a formula over the columns that it reads."""
    operation = plain(operation)
    uses, found = _uses(operation)
    # A letter follows the letters that its sub-expression contains.
    letters = dict(zip((key for key, number in uses.items() if number > 1), ascii_lowercase, strict=False))
    parts = {letter: _Writer(letters, found[key]).text for key, letter in letters.items()}
    return Formula(_Writer(letters, operation).text, parts)


def plain(operation: o.Operation) -> o.Operation:
    """Return an operation without steps that keep the value: conversions to FLOAT, removal of a zero's sign."""
    match operation:
        case o.Cast(of, o.FLOAT) | o.Choose(o.Equal(of, o.Constant(0)), o.Constant(0.0), o.Cast(_, o.FLOAT)):
            return plain(of)
    return operation


def _uses(operation: o.Operation) -> tuple[Counter[str], dict[str, o.Operation]]:
    """Count the uses of each sub-expression that may get a letter, innermost first, by its canonical form."""
    uses: Counter[str] = Counter()
    found: dict[str, o.Operation] = {}

    def count(part: o.Operation) -> None:
        part = plain(part)
        key = canonical(part)
        if key not in uses:
            for operand in part.operands:
                count(operand)
        if sum(1 for _ in o.columns_in(part)) > 1 or isinstance(part, o.Choose):
            uses[key] += 1
            found[key] = part

    count(operation)
    return uses, found


class _Writer:
    """Formats one operation; ``letters`` replace sub-expressions."""

    def __init__(self, letters: dict[str, str], operation: o.Operation) -> None:
        self._letters = {key: letter for key, letter in letters.items() if key != canonical(operation)}
        self.text = self.part(operation, _LOOSE)

    def part(self, operation: o.Operation, strength: int = _LOOSE) -> str:
        """Return an operand, in brackets where precedence requires them."""
        key = canonical(plain(operation))
        if key in self._letters:
            return self._letters[key]
        text, own = _written(operation, self)
        return text if own >= strength else f"({text})"


@singledispatch
def _written(operation: o.Operation, write: _Writer) -> tuple[str, int]:
    """Return the text of an operation, and its precedence."""
    arguments = ", ".join(write.part(operand) for operand in operation.operands)
    return f"{_FUNCTIONS[type(operation)]}({arguments})", _ATOM


@_written.register(o.Column)
def _(operation: o.Column, _write: _Writer) -> tuple[str, int]:
    return operation.name, _ATOM


@_written.register(o.Constant)
def _(operation: o.Constant, _write: _Writer) -> tuple[str, int]:
    value = operation.value
    return f"“{value}”" if isinstance(value, str) else f"{value:.12g}", _ATOM


@_written.register(o.Binary)
def _(operation: o.Binary, write: _Writer) -> tuple[str, int]:
    strength = _STRENGTHS.get(operation.symbol, _COMPARISON)
    word = _WORDS.get(operation.symbol, operation.symbol)
    if (
        isinstance(operation, o.Subtract)
        and isinstance(operation.left, o.Constant)
        and not operation.left.value
    ):
        return f"{word}{write.part(operation.right, _ATOM)}", _SUM
    # Comparisons do not chain, and a − (b − c) and a / (b / c) need their brackets.
    left = strength + (strength == _COMPARISON)
    right = left + isinstance(operation, o.Subtract | o.Divide)
    return f"{write.part(operation.left, left)} {word} {write.part(operation.right, right)}", strength


@_written.register(o.Not)
def _(operation: o.Not, write: _Writer) -> tuple[str, int]:
    if isinstance(operation.of, o.IsNull):
        return f"{write.part(operation.of.of, _SUM)} is known", _COMPARISON
    if isinstance(operation.of, o.Equal):
        return _written(o.NotEqual(operation.of.left, operation.of.right), write)
    return f"not {write.part(operation.of, _NOT)}", _NOT


@_written.register(o.IsNull)
def _(operation: o.IsNull, write: _Writer) -> tuple[str, int]:
    return f"{write.part(operation.of, _SUM)} is missing", _COMPARISON


@_written.register(o.IsIn)
def _(operation: o.IsIn, write: _Writer) -> tuple[str, int]:
    values = ", ".join(write.part(o.Constant(value)) for value in operation.values)
    return f"{write.part(operation.of, _SUM)} is one of {values}", _COMPARISON


@_written.register(o.Choose)
def _(operation: o.Choose, write: _Writer) -> tuple[str, int]:
    condition, value = operation.condition, operation.value
    if operation.alternative is None:
        return f"{write.part(value, _SUM)} where {write.part(condition, _OR)}", _LOOSE
    otherwise = write.part(operation.alternative, _SUM)
    return f"{write.part(value, _SUM)} if {write.part(condition, _OR)}, else {otherwise}", _LOOSE


@_written.register(o.Cast)
def _(operation: o.Cast, write: _Writer) -> tuple[str, int]:
    if operation.to is not o.INTEGER:
        return _written(operation.of, write)
    match operation.of:
        case o.Floor(o.Add(of, o.Constant(0.5))):
            return f"round({write.part(of)})", _ATOM
    return f"whole({write.part(operation.of)})", _ATOM


@_written.register(o.Clip)
def _(operation: o.Clip, write: _Writer) -> tuple[str, int]:
    return f"within({write.part(operation.of)}, {operation.low:g}, {operation.high:g})", _ATOM


@_written.register(o.Length)
def _(_operation: o.Length, _write: _Writer) -> tuple[str, int]:
    return "number of rows", _ATOM


@_written.register(o.Sum)
def _(operation: o.Sum, write: _Writer) -> tuple[str, int]:
    match operation.of:
        case o.Choose(condition, o.Constant(1), o.Constant(0)):
            return f"number of rows where {write.part(condition, _OR)}", _LOOSE
    return f"sum({write.part(operation.of)})", _ATOM


@_written.register(o.Cumulative)
def _(operation: o.Cumulative, write: _Writer) -> tuple[str, int]:
    within, order = ", ".join(operation.partition_by), ", ".join(operation.order_by)
    return f"{_FUNCTIONS[type(operation)]}({write.part(operation.of)}; per {within}; by {order})", _ATOM
