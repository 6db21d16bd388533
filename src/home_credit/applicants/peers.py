"""The applicants that one is compared with: their figures and what describes them, compact, read once for each load.

They are everybody up to :data:`MOST` applicants and that many of them, evenly spaced by SK_ID_CURR, above: memory and
time are bounded whatever the size of the portfolio. Figures are single precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from home_credit.applicants.distributions import Distribution, SegmentStatistics, single
from home_credit.policy import GRADES
from home_credit.schemas import AgeBand, Contract, IncomeType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from home_credit.applicants.distributions import Values
    from home_credit.schemas.comparisons import Segment

    Mask = NDArray[np.bool_]
    Trait = str | int | None

MOST = 50_000
NEAREST = 200
SEGMENTS_KEPT = 64
# What describes an applicant, and its values; their codes begin with 1, and 0 is unknown.
TRAITS: Mapping[str, tuple[str | int, ...]] = {
    "contract": get_args(Contract),
    "age_band": get_args(AgeBand),
    "region": (1, 2, 3),
    "income_type": get_args(IncomeType),
    "grade": tuple(name for name, _ in GRADES),
}
# Applicants are alike by what they ask for, what they have, and how they paid.
KEY_FIGURES = (
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "AMT_INCOME_TOTAL",
    "APP_CREDIT_TO_GOODS",
    "APP_EXT_MEAN",
    "DAYS_BIRTH",
    "DAYS_EMPLOYED",
    "BUR_ACTIVE_DEBT_SUM",
    "PREV_COUNT",
    "INS_ALL_LATE_SHARE",
)
MIDDLE = 0.5  # where an unknown value lies between the lowest and the highest


class Described(NamedTuple):
    """What describes an applicant, by :data:`TRAITS`; ``None`` where it is unknown."""

    contract: Trait
    age_band: Trait
    region: Trait
    income_type: Trait
    grade: Trait

    def codes(self) -> list[int]:
        """Return the code of each trait."""
        return [
            values.index(value) + 1 if value in values else 0
            for values, value in zip(TRAITS.values(), self, strict=True)
        ]


class _Scale(NamedTuple):
    """A key figure: its known values in ascending order, and the place of each peer among them, from 0 to 1."""

    ascending: Values
    places: Values

    @classmethod
    def of(cls, values: Values) -> _Scale:
        ascending = np.sort(values[~np.isnan(values)])
        return cls(ascending, _places(ascending, values))


@dataclass(frozen=True)
class Peers:
    """Some applicants: ``ids`` (n), ``codes`` of their traits (traits, n), ``figures`` (n each, NaN where unknown)."""

    ids: NDArray[np.int64]
    codes: NDArray[np.int8]
    figures: Mapping[str, Values]

    @property
    def graded(self) -> bool:
        """Whether grades are known."""
        return bool(self.codes[list(TRAITS).index("grade")].any())

    def inside(self, segment: Segment) -> Mask:
        """Return the mask of those whom the filters of a segment leave."""
        mask = np.ones(len(self.ids), np.bool_)
        for (name, values), codes in zip(TRAITS.items(), self.codes, strict=True):
            wanted = getattr(segment, name)
            if wanted is not None:
                mask &= codes == values.index(wanted) + 1
        return mask

    def nearest(self, figures: Mapping[str, float], mask: Mask, without: int) -> Mask:
        """Return the mask of the :data:`NEAREST` inside ``mask`` to an applicant with these ``figures``.

        Each key figure is standardised to its place among the peers, from 0 to 1; the distance is Euclidean. The
        applicant itself, ``without``, is none of them.
        """
        distance = np.zeros(len(self.ids), np.float32)
        for name, scale in self._scales.items():
            own = _places(scale.ascending, single([figures.get(name, np.nan)]))
            distance += (scale.places - own) ** 2
        candidates = np.flatnonzero(mask & (self.ids != without))
        # A stable order: among equals the lowest numbers are taken.
        nearest = candidates[np.argsort(distance[candidates], kind="stable")[:NEAREST]]
        found = np.zeros(len(self.ids), np.bool_)
        found[nearest] = True
        return found

    def statistics(self, segment: Segment) -> SegmentStatistics:
        """Return the distribution of each figure among those inside a segment; the last segments are kept."""
        return self._kept(segment)

    def of(self, mask: Mask) -> SegmentStatistics:
        """Return the distribution of each figure among the applicants of a mask."""
        figures = {name: _distribution(values[mask]) for name, values in self.figures.items()}
        return SegmentStatistics(int(mask.sum()), figures)

    def sample(self, mask: Mask, most: int) -> NDArray[np.intp]:
        """Return the places of at most ``most`` of the applicants of a mask, evenly spaced by SK_ID_CURR."""
        places = np.flatnonzero(mask)
        return places[spaced(len(places), most)]

    @cached_property
    def _kept(self) -> Callable[[Segment], SegmentStatistics]:
        return lru_cache(maxsize=SEGMENTS_KEPT)(lambda segment: self.of(self.inside(segment)))

    @cached_property
    def _scales(self) -> Mapping[str, _Scale]:
        return {name: _Scale.of(self.figures[name]) for name in KEY_FIGURES if name in self.figures}


def spaced(count: int, most: int) -> NDArray[np.intp]:
    """Return ``most`` evenly spaced places of ``count``, or all of them where there are no more."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.intp)


def _distribution(values: Values) -> Distribution:
    return Distribution.of(np.sort(values[~np.isnan(values)]))


def _places(ascending: Values, values: Values) -> Values:
    """Return the share of ``ascending`` that is lower, with half of what is equal; :data:`MIDDLE` where unknown."""
    if not len(ascending):
        return np.full(len(values), MIDDLE, np.float32)
    both = np.searchsorted(ascending, values, "left") + np.searchsorted(ascending, values, "right")
    return np.where(np.isnan(values), MIDDLE, both / (2 * len(ascending))).astype(np.float32)
