"""A model of the term: the term for which rate and insurance premium are those that the lender charges.

The lender's prices are few: the annuity is the credit times a factor of rate and term, the credit is the price of the
goods plus a premium for every month of the term, and neither rates nor premiums depend on the term. So each term that
the lender offers implies a rate (from credit over annuity) and a monthly premium (from credit over goods price), and
the term with the most likely pair is returned. The likelihoods are whole numbers in tables over bins, so that results
depend neither on the order of a sum nor on the machine's logarithm.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from math import floor, log
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np

from home_credit.terms.annuity import credit_over_annuity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Bins of the yearly rate, each a tenth of a percent wide: 0 to 150 %, beyond which no loan was granted.
RATES, RATES_PER_UNIT = 1500, 1000.0
# Bins of the premium a month as a share of the price of the goods, each a thousandth of a percent: -0.5 to 3.5 %.
PREMIUMS, PREMIUMS_PER_UNIT, NO_PREMIUM = 4000, 100_000.0, 500.0
# Log-likelihoods are in twentieths.
UNITS_PER_NAT = 10
# A term is sure where it is 19 times as likely as any other.
SURE = round(log(19.0) * UNITS_PER_NAT)

_IMPOSSIBLE = -(2**60)


class LoanTerm(NamedTuple):
    """A loan's term in months, its nominal yearly rate (a share, the middle of its bin), and whether it is sure."""

    months: int
    yearly_rate: float
    sure: bool


class LoanTerms(NamedTuple):
    """The terms of many loans, NaN where :class:`LoanTerm` would be ``None``; ``sure`` is 1.0 or 0.0."""

    months: Floats
    yearly_rate: Floats
    sure: Floats


class _Offer(NamedTuple):
    score: int
    months: int
    rate: int


class PlainTerms(TypedDict):
    """A term model as it is stored: the months, and each row of both tables as runs."""

    months: list[int]
    rates: list[list[int]]
    premiums: list[list[int]]


@dataclass(frozen=True)
class TermModel:
    """For each of the terms ``months``, ascending, the log-likelihood of every rate and of every premium.

    ``rates``, of shape (terms, RATES), hold the prior of the term as well; ``premiums`` have shape (terms, PREMIUMS).
    Without terms the model returns none for every loan.
    """

    months: tuple[int, ...]
    rates: NDArray[np.int64]
    premiums: NDArray[np.int64]

    def term(self, credit: float | None, annuity: float | None, goods: float | None) -> LoanTerm | None:
        """Return the term of one cash loan: ``None`` where no term repays it, or credit or annuity is not positive.

        ``annuity`` is the monthly payment. Without a price of the goods, the rate alone decides.
        """
        if credit is None or annuity is None or not (credit > 0 and annuity > 0):
            return None
        ratio = credit / annuity
        above = credit / goods - 1.0 if goods is not None and goods > 0 else None
        offers: list[_Offer] = []
        for months, edges, rates, premiums in self._lists:
            rate = RATES - bisect_left(edges, ratio)
            if 0 <= rate < RATES:
                insured = 0 if above is None else premiums[_premium(above, months)]
                offers.append(_Offer(rates[rate] + insured, months, rate))
        if not offers:
            return None
        best = max(offers, key=attrgetter("score"))
        sure = all(best.score - other.score >= SURE for other in offers if other is not best)
        return LoanTerm(best.months, (best.rate + 0.5) / RATES_PER_UNIT, sure)

    def terms(self, credit: Floats, annuity: Floats, goods: Floats) -> LoanTerms:
        """Return the terms of many cash loans, each as :meth:`term` does; NaN is a missing amount."""
        with np.errstate(all="ignore"):
            repaid = (credit > 0) & (annuity > 0)
            ratio = np.where(repaid, credit / annuity, np.inf)
            above = np.where(goods > 0, credit / goods - 1.0, np.nan)
        scores = np.full((len(self.months), len(credit)), _IMPOSSIBLE)
        bins = np.zeros_like(scores)
        for place, (months, edges, _, _) in enumerate(self._lists):
            rate = RATES - np.searchsorted(edges, ratio, side="left")
            offered = (rate >= 0) & (rate < RATES)
            bins[place] = np.where(offered, rate, 0)
            insured = np.where(np.isnan(above), 0, self.premiums[place][_premiums(above, months)])
            scores[place] = np.where(offered, self.rates[place][bins[place]] + insured, _IMPOSSIBLE)
        return self._best(scores, bins)

    def _best(self, scores: NDArray[np.int64], bins: NDArray[np.int64]) -> LoanTerms:
        loans = np.arange(scores.shape[1])
        if not self.months:
            nothing = np.full(len(loans), np.nan)
            return LoanTerms(nothing, nothing, nothing)
        chosen = scores.argmax(axis=0)
        best = scores[chosen, loans]
        scores[chosen, loans] = _IMPOSSIBLE
        sure = best - scores.max(axis=0) >= SURE
        months = np.array(self.months, dtype=np.float64)[chosen]
        rate = (bins[chosen, loans] + 0.5) / RATES_PER_UNIT
        found = best > _IMPOSSIBLE
        return LoanTerms(
            *(np.where(found, values, np.nan) for values in (months, rate, sure.astype(np.float64)))
        )

    @cached_property
    def _lists(self) -> list[tuple[int, list[float], list[int], list[int]]]:
        """Per term: months, the bounds of the bins of the rate and both tables."""
        tables = zip(self.months, self.rates.tolist(), self.premiums.tolist(), strict=True)
        return [(months, bounds(months), rates, premiums) for months, rates, premiums in tables]

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the model."""
        return hashlib.sha256(json.dumps(self.to_plain(), sort_keys=True).encode()).hexdigest()

    def to_plain(self) -> PlainTerms:
        """Return the model as dictionaries and lists; rows of tables are runs: length, number, length, ..."""
        return {
            "months": list(self.months),
            "rates": [_runs(row) for row in self.rates],
            "premiums": [_runs(row) for row in self.premiums],
        }

    @classmethod
    def from_plain(cls, plain: PlainTerms) -> TermModel:
        """Build from what :meth:`to_plain` returned."""
        return cls(tuple(plain["months"]), _table(plain["rates"], RATES), _table(plain["premiums"], PREMIUMS))


def bounds(months: int) -> list[float]:
    """Return credit over annuity at the bounds of the bins of the rate, ascending: from the highest rate to none.

    The bin of a ratio is ``RATES`` less the number of bounds below it; -1 where even no rate repays the credit.
    """
    return [credit_over_annuity(step / RATES_PER_UNIT, months) for step in range(RATES, -1, -1)]


def _premium(above: float, months: int) -> int:
    return floor(min(max(above / months * PREMIUMS_PER_UNIT + NO_PREMIUM, 0.0), PREMIUMS - 1.0))


def _premiums(above: Floats, months: int) -> NDArray[np.int64]:
    """Return the bins of premiums; the bin of a missing one is arbitrary."""
    with np.errstate(over="ignore"):  # a price near zero overflows; the result is clipped
        bins = np.clip(above / months * PREMIUMS_PER_UNIT + NO_PREMIUM, 0.0, PREMIUMS - 1.0)
    return np.floor(np.nan_to_num(bins)).astype(np.int64)


def _runs(row: NDArray[np.int64]) -> list[int]:
    starts = np.flatnonzero(np.diff(row, prepend=row[0] - 1))
    runs: list[int] = np.column_stack([np.diff(starts, append=len(row)), row[starts]]).ravel().tolist()
    return runs


def _table(rows: Sequence[Sequence[int]], width: int) -> NDArray[np.int64]:
    table = np.empty((len(rows), width), dtype=np.int64)
    for place, row in enumerate(rows):
        lengths, numbers = np.array(row, dtype=np.int64).reshape(-1, 2).T
        table[place] = np.repeat(numbers, lengths)
    return table
