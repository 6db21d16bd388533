"""Feature values of a few applicants as plain values, in the order of the catalogue."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from home_credit.features.catalogue import CATALOGUE
from home_credit.features.request import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Numbers = NDArray[np.float64]
# A missing number is NaN, a missing text None.
Value = float | str | None
_MISSING: Mapping[str, Value] = {
    name: None if CATALOGUE[name].kind == "category" else math.nan for name in NAMES
}
PLACES: Mapping[str, int] = MappingProxyType({name: place for place, name in enumerate(NAMES)})


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """The values of all features, one row per applicant, in the order of :data:`home_credit.features.request.NAMES`."""

    rows: Sequence[Sequence[Value]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Value]]) -> FeatureRows:
        """Build from one mapping per applicant; an absent feature is missing."""
        return cls(
            [
                [missing if (value := row.get(name)) is None else value for name, missing in _MISSING.items()]
                for row in rows
            ]
        )

    def value(self, feature: str, row: int) -> Value:
        """Return one value, ``None`` where it is missing."""
        return self.values_of(row)(feature)

    def values_of(self, row: int) -> Callable[[str], Value]:
        """Return the function that gives the values of one applicant by feature, ``None`` where one is missing."""
        values = self.rows[row]

        def value_of(feature: str) -> Value:
            value = values[PLACES[feature]]
            return None if value != value else value  # noqa: PLR0124  # NaN is missing

        return value_of
