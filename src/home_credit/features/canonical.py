"""The canonical form of definitions: the same text for the same definition, in every process."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING

from home_credit.features.operations import Column, Operation
from home_credit.features.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable


def canonical(part: object, column: Callable[[str], str] = repr) -> str:
    """Return an expression, a plan or a part of one as text; ``column`` writes the name of a column that it reads."""
    if isinstance(part, Column):
        return f"Column({column(part.name)})"
    if isinstance(part, Operation | Plan):
        inner = ",".join(canonical(getattr(part, each.name), column) for each in fields(part))
        return f"{type(part).__name__}({inner})"
    if isinstance(part, tuple):
        return f"({','.join(canonical(each, column) for each in part)})"
    return repr(part.value if isinstance(part, Enum) else part)
