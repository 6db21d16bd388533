"""Which variables a chain has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ChainSchema:
    """The variables of a chain, in the order in which they are drawn.

    ``steps`` has the numeric variables with the unit that they are rounded to (0: not rounded); all others are
    categorical. ``presence`` has the numeric variables that are present where another variable has some value;
    those missing from it, and from some rows, get a flag of their own.
    """

    order: tuple[str, ...]
    steps: Mapping[str, float]
    presence: Mapping[str, tuple[str, int]] = field(default_factory=dict)
