"""The schema of a chain: its variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ChainSchema:
    """The variables of a chain, in the order in which they are drawn.

    ``steps`` has the numeric variables with the unit that they are rounded to (0: not rounded); all others are
    categorical. ``presence`` has the variables that are present only where another variable has some value;
    numeric ones that are missing from it, and from some rows, get a flag of their own. ``components`` has the
    composite variables with the columns that each combines: combinations are drawn as a whole, so that only real
    ones occur.
    """

    order: tuple[str, ...]
    steps: Mapping[str, float]
    presence: Mapping[str, tuple[str, int | str]] = field(default_factory=dict)
    components: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
