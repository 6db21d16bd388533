"""Fits the model of the term on earlier cash loans, whose terms are in the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from home_credit.terms.model import (
    NO_PREMIUM,
    PREMIUMS,
    PREMIUMS_PER_UNIT,
    RATES,
    UNITS_PER_NAT,
    TermModel,
    bounds,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# A term of fewer loans is not taken as offered by the lender.
FEWEST_LOANS = 20
# Prices change: the weight of a loan halves every two years of its age.
HALF_LIFE_DAYS = 730.0
# A density is a mixture of the prices of the term's own loans, of all loans, and of neighbouring prices, in case that
# a price is new. A term of few loans is smoothed towards all loans by this number of pseudo-observations.
OWN, ANY, NEAR = 0.85, 0.10, 0.05
BORROWED_LOANS = 10.0
# Kernel widths, in bins: one for the rounding of prices, and one for neighbouring prices.
ROUNDING, RATE_NEARBY, PREMIUM_NEARBY = 0.6, 20.0, 50.0
LEAST_DENSITY = 1e-9


@dataclass(frozen=True, slots=True)
class Loans:
    """Cash loans as arrays: amounts, the term in months, and the days since the application."""

    credit: Floats
    annuity: Floats
    goods: Floats
    months: Floats
    age: Floats

    def where(self, chosen: NDArray[np.bool_]) -> Loans:
        """Return the loans that ``chosen`` marks."""
        return Loans(*(getattr(self, name)[chosen] for name in self.__slots__))


def learn(loans: Loans) -> TermModel:
    """Return the model of ``loans``; loans that their payments do not repay or without an amount are ignored."""
    loans = loans.where(
        (loans.credit > 0) & (loans.goods > 0) & (loans.credit <= loans.annuity * loans.months)
    )
    values, counts = np.unique(loans.months, return_counts=True)
    terms = tuple(int(months) for months in values[counts >= FEWEST_LOANS])
    if not terms:
        return TermModel((), np.zeros((0, RATES), dtype=np.int64), np.zeros((0, PREMIUMS), dtype=np.int64))
    by_term = [loans.where(loans.months == months) for months in terms]
    weights = [0.5 ** (own.age / HALF_LIFE_DAYS) for own in by_term]
    rates = [np.bincount(_rates(own), weight, RATES) for own, weight in zip(by_term, weights, strict=True)]
    premiums = [
        np.bincount(_premiums(own), weight, PREMIUMS) for own, weight in zip(by_term, weights, strict=True)
    ]
    total = np.array([[weight.sum()] for weight in weights])
    per_log_ratio = np.log(total / total.sum()) + np.array([_bins_per_log_ratio(months) for months in terms])
    return TermModel(
        terms,
        _units(per_log_ratio + _log_density(np.array(rates), RATE_NEARBY)),
        _units(_log_density(np.array(premiums), PREMIUM_NEARBY) - np.log([[months] for months in terms])),
    )


def _rates(own: Loans) -> NDArray[np.int64]:
    """Return the bin of the rate of each loan, all of one term."""
    below = np.searchsorted(bounds(int(own.months[0])), own.credit / own.annuity, side="left")
    return np.clip(RATES - below, 0, RATES - 1)


def _premiums(own: Loans) -> NDArray[np.int64]:
    """Return the bin of the monthly premium of each loan."""
    premium = (own.credit / own.goods - 1.0) / own.months * PREMIUMS_PER_UNIT + NO_PREMIUM
    return np.clip(premium, 0.0, PREMIUMS - 1.0).astype(np.int64)


def _log_density(weights: Floats, nearby: float) -> Floats:
    """Return the log density of each row of ``weights`` (terms by bins), as a mixture of itself and all rows."""
    total = weights.sum(axis=1, keepdims=True)
    trusted = total / (total + BORROWED_LOANS)
    own = np.array([_smooth(row, ROUNDING) for row in weights]) / total
    pooled = weights.sum(axis=0) / weights.sum()
    mixture = (
        OWN * trusted * own
        + (ANY + OWN * (1.0 - trusted)) * _smooth(pooled, ROUNDING)
        + NEAR * _smooth(pooled, nearby)
    )
    return np.asarray(np.log(mixture + LEAST_DENSITY), dtype=np.float64)


def _smooth(row: Floats, width: float) -> Floats:
    reach = int(4 * width) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(row, kernel / kernel.sum(), mode="same")


def _bins_per_log_ratio(months: int) -> Floats:
    """Return the log of the bins of the rate per unit of log credit over annuity, which puts all terms on one scale."""
    edges = np.log(np.array(bounds(months)[::-1]))
    return np.asarray(-np.log(edges[:-1] - edges[1:]), dtype=np.float64)


def _units(nats: Floats) -> NDArray[np.int64]:
    return np.round(nats * UNITS_PER_NAT).astype(np.int64)
