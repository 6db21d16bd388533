"""Feature values of a few applicants, column by column, as plain NumPy arrays and lists."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from home_credit.features.catalogue import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Numbers = NDArray[np.float64]
Value = float | str | None


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """The values of features for ``count`` applicants.

    ``numbers`` holds float64 arrays of shape (count,) in which NaN is missing, ``categories`` lists of text in
    which ``None`` is missing, both by the name of the feature.
    """

    count: int
    numbers: Mapping[str, Numbers]
    categories: Mapping[str, Sequence[str | None]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Value]], features: Sequence[str]) -> FeatureRows:
        """Build from one mapping per applicant; a feature that is not in it is missing."""
        named = frozenset(CATEGORIES)
        return cls(
            len(rows),
            {
                name: np.array([row.get(name) for row in rows], dtype=np.float64)
                for name in features
                if name not in named
            },
            {
                name: [None if (value := row.get(name)) is None else str(value) for row in rows]
                for name in features
                if name in named
            },
        )

    @classmethod
    def concatenated(cls, parts: Sequence[FeatureRows]) -> FeatureRows:
        """Return the rows of ``parts``, at least one, in order; all have the same features."""
        first, *others = parts
        if not others:
            return first
        return cls(
            sum(part.count for part in parts),
            {name: np.concatenate([part.numbers[name] for part in parts]) for name in first.numbers},
            {
                name: list(chain.from_iterable(part.categories[name] for part in parts))
                for name in first.categories
            },
        )

    def value(self, feature: str, row: int) -> Value:
        """Return one value, ``None`` where it is missing."""
        if feature in self.categories:
            return self.categories[feature][row]
        number = float(self.numbers[feature][row])
        return None if math.isnan(number) else number
