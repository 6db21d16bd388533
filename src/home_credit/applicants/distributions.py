"""The distribution of each figure among the applicants of a segment: quantiles, computed by a load and then stored.

A segment is a contract, an age band and a region rating, each of which may be any. Values are single precision: of
356,000 applicants they take 1.4 MB a figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np

from home_credit.applicants.schema import packed
from home_credit.schemas import AgeBand, Contract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float32]

STEPS = 100  # quantiles are that many parts of the applicants apart
ANY, ANY_REGION = "", 0
CONTRACTS = (ANY, *get_args(Contract))
AGE_BANDS = (ANY, *get_args(AgeBand))
REGIONS = (ANY_REGION, 1, 2, 3)
KNOWN: tuple[tuple[str | int, ...], ...] = (CONTRACTS, AGE_BANDS, REGIONS)


class SegmentKey(NamedTuple):
    """A segment of the applicants; :data:`ANY` and :data:`ANY_REGION` are no restriction."""

    contract: str = ANY
    age_band: str = ANY
    region_rating: int = ANY_REGION


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of one figure: of ``known`` applicants, and their 101 quantiles, none where nobody has a value.

    The quantile of the level k/100 is the smallest value that at least k per cent of the applicants do not exceed,
    and the lowest value for k = 0.
    """

    known: int
    quantiles: Values

    @classmethod
    def of(cls, ascending: Values) -> Distribution:
        """Return the distribution of values in ascending order, without missing ones."""
        count = len(ascending)
        if not count:
            return cls(0, ascending)
        # In whole numbers: a level such as 0.07 times the count may lie a bit above the whole number that it is.
        places = (np.arange(STEPS + 1) * count + STEPS - 1) // STEPS - 1
        return cls(count, ascending[np.maximum(places, 0)])

    def digits(self, every: int = 1) -> list[float]:
        """Return each ``every``-th quantile, of the shortest digits that give the single-precision number back."""
        return [float(str(value)) for value in self.quantiles[::every]]

    def percentile(self, value: float) -> float | None:
        """Return the share of lower values and half of the equal ones, in per cent, less than one below the exact one.

        Where L of n values are lower, as many of the quantiles above the level zero are lower as 100 L / n has whole
        parts, and so it is for those that are not higher.
        """
        if not self.known:
            return None
        single, above_zero = _single(value), self.quantiles[1:]
        lower = int(np.searchsorted(above_zero, single, side="left"))
        not_higher = int(np.searchsorted(above_zero, single, side="right"))
        return (lower + not_higher) / 2 * (100 / STEPS)


@dataclass(frozen=True, slots=True)
class SegmentStatistics:
    """How many applicants a segment has, and the distribution of each figure among them."""

    applicants: int
    figures: Mapping[str, Distribution]

    def payload(self) -> bytes:
        """Return the statistics as they are stored."""
        figures = {name: [each.known, each.digits()] for name, each in self.figures.items()}
        return packed({"applicants": self.applicants, "figures": figures})

    @classmethod
    def of_payload(cls, stored: Mapping[str, Any]) -> SegmentStatistics:
        """Return the statistics that an unpacked payload holds."""
        figures = {
            name: Distribution(known, np.array(quantiles, np.float32))
            for name, (known, quantiles) in stored["figures"].items()
        }
        return cls(stored["applicants"], figures)


class Collected:
    """The figures of all applicants, kept in single precision until all are known."""

    def __init__(self, names: Sequence[str], applicants: int) -> None:
        self._names = tuple(names)
        self._values = np.full((len(self._names), applicants), np.nan, np.float32)
        self._segments = np.zeros((len(SegmentKey._fields), applicants), np.int8)
        self._done = 0

    def add(
        self, segments: Sequence[tuple[str | None, str | None, int | None]], figures: Sequence[Any]
    ) -> None:
        """Add applicants: contract, age band and region rating of each, ``None`` where unknown, and its figures."""
        within = slice(self._done, self._done + len(segments))
        for row, known, values in zip(self._segments, KNOWN, zip(*segments, strict=True), strict=True):
            places = {value: place for place, value in enumerate(known)}
            row[within] = [places.get(value, -1) for value in values]
        self._values[:, within] = _single(figures).T
        self._done = within.stop

    def statistics(self) -> Iterator[tuple[SegmentKey, SegmentStatistics]]:
        """Yield every segment that has applicants."""
        inside = dict(self._inside())
        figures: dict[SegmentKey, dict[str, Distribution]] = {segment: {} for segment in inside}
        for name, values in zip(self._names, self._values[:, : self._done], strict=True):
            # Sorted once for all segments; missing values come last.
            order = np.argsort(values)[: len(values) - int(np.isnan(values).sum())]
            ascending = values[order]
            for segment, mask in inside.items():
                figures[segment][name] = Distribution.of(ascending[mask[order]])
        for segment, mask in inside.items():
            yield segment, SegmentStatistics(int(mask.sum()), figures[segment])

    def _inside(self) -> Iterator[tuple[SegmentKey, NDArray[np.bool_]]]:
        """Yield the segments that have applicants, with the mask of these."""
        for segment in product(CONTRACTS, AGE_BANDS, REGIONS):
            mask = np.ones(self._done, np.bool_)
            for row, known, value in zip(self._segments, KNOWN, segment, strict=True):
                if place := known.index(value):
                    mask &= row[: self._done] == place
            if mask.any():
                yield SegmentKey(*segment), mask


def _single(values: Any) -> Values:
    """Return single-precision values; what is too large for them is the largest there is."""
    largest = np.finfo(np.float32).max
    return np.clip(np.asarray(values, np.float64), -largest, largest).astype(np.float32)
