"""The loan asked for, and the other loans that the same applicant could have asked for.

A cash loan follows the lender's price list: the credit is the price of the goods plus an insurance premium for every
month of the term, the monthly instalment repays the credit over the term at the applicant's own rate. Another loan
keeps rate and premium and has a smaller price, another term, or a share of the premium paid up front.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from home_credit.terms.annuity import credit_over_annuity, yearly_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.schemas import Lever
    from home_credit.terms.model import TermModel

Numbers = NDArray[np.float64]

# The only columns of the application that may change.
COLUMNS = ("AMT_GOODS_PRICE", "AMT_CREDIT", "AMT_ANNUITY")

# Bounds, from 92,818 real applications: the smallest loan, and credit over instalment from the 0.1 to the 99.9 %
# quantile.
SMALLEST_AMOUNT = 45_000.0
SHORTEST_RATIO, LONGEST_RATIO = 8.0, 38.0
# A longer or shorter term is among these, in months: two of 15,739 earlier cash loans were longer.
SHORTEST_TERM, LONGEST_TERM = 10, 60
# An instalment does not rise above this share of the monthly income: the 95 % quantile of the applications is 0.356.
AFFORDABLE = 0.35
# Half of the share by which the shorter term falls short of the longer counts as the size of the change.
WEIGHT_OF_TERM = 0.5


class Points(NamedTuple):
    """Changes of one loan, arrays of one length: shares given up and paid up front, and terms in months.

    ``given_up`` is a share of the amount, ``up_front`` one of the insurance premium; term 0 is the present one.
    """

    given_up: Numbers
    up_front: Numbers
    months: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Loans:
    """Several loans, arrays of one length; NaN is missing. ``size`` is the size of the change from the loan asked for.

    ``paid`` is what is paid up front. ``months`` is 0 where the term is not known. ``moved`` has shape (loans, 3):
    whether amount, share up front and term differ.
    """

    price: Numbers
    credit: Numbers
    annuity: Numbers
    months: NDArray[np.int64]
    paid: Numbers
    size: Numbers
    moved: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return how many loans there are."""
        return len(self.credit)

    @property
    def columns(self) -> dict[str, Numbers]:
        """Their columns of the application."""
        return dict(zip(COLUMNS, (self.price, self.credit, self.annuity), strict=True))

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Loans:
        """Return the loans that ``chosen``, a mask or positions, selects."""
        return Loans(
            self.price[chosen],
            self.credit[chosen],
            self.annuity[chosen],
            self.months[chosen],
            self.paid[chosen],
            self.size[chosen],
            self.moved[chosen],
        )

    def levers(self, row: int) -> tuple[Lever, ...]:
        """Return the levers that differ in the loan of one row."""
        names: tuple[Lever, ...] = ("amount", "up_front", "term")
        return tuple(name for name, moved in zip(names, self.moved[row].tolist(), strict=True) if moved)


@dataclass(frozen=True)
class Loan:
    """The loan asked for; ``months`` is its term where the term model is sure of it, else ``None``."""

    price: float | None
    credit: float
    annuity: float | None
    income: float
    months: int | None
    offered: tuple[int, ...]

    @classmethod
    def of(cls, application: Mapping[str, Any], terms: TermModel) -> Loan:
        """Read the loan from a checked row of the application."""
        price, credit, annuity = (application[column] for column in COLUMNS)
        cash = application["NAME_CONTRACT_TYPE"] == "Cash loans"
        found = terms.term(credit, annuity, price) if cash else None
        months = found.months if found is not None and found.sure else None
        offered = tuple(each for each in terms.months if SHORTEST_TERM <= each <= LONGEST_TERM)
        return cls(price, credit, annuity, application["AMT_INCOME_TOTAL"], months, offered)

    @property
    def amount(self) -> float:
        """The amount asked for: the price of the goods, or the credit where there are none."""
        return self.credit if self.price is None else self.price

    @property
    def can_change(self) -> bool:
        """Whether another loan can be derived from it."""
        return (
            self.credit > 0
            and self.amount > 0
            and (self.annuity is None or self.annuity > 0)
            and (self.price is None or self.credit >= self.price)
        )

    @cached_property
    def premium(self) -> float:
        """The part of the credit that exceeds the price of the goods."""
        return self.credit - self.amount

    @cached_property
    def other_terms(self) -> tuple[int, ...]:
        """The other terms that the lender offers; empty where the present term is not known."""
        return () if self.months is None else tuple(each for each in self.offered if each != self.months)

    @property
    def most_given_up(self) -> float:
        """The largest share of the amount that can be given up."""
        return max(0.0, 1.0 - SMALLEST_AMOUNT / self.amount)

    def size_of_term(self, months: int) -> float:
        """Return the size of the change to another term."""
        present = self.months or months
        return WEIGHT_OF_TERM * abs(months - present) / max(months, present)

    def alternatives(self, points: Points) -> Loans:
        """Return the distinct loans at ``points`` that the lender could offer, without the loan asked for."""
        present = points.months == 0
        months = np.where(present, self.months or 0, points.months)
        longer = np.where(present, 1.0, months / (self.months or 1))
        amount = np.where(points.given_up > 0, _whole(self.amount * (1.0 - points.given_up)), self.amount)
        premium = self.premium * longer * amount / self.amount
        paid = _whole(premium * points.up_front)
        same = (amount == self.amount) & present
        credit = np.where(same, self.credit, _whole(amount + premium)) - paid
        annuity = self._annuities(credit, months, unchanged=same & (paid == 0))
        price = np.full(len(amount), np.nan) if self.price is None else amount
        size_of_term = np.array([self.size_of_term(each) if each else 0.0 for each in months.tolist()])
        found = Loans(
            price,
            credit,
            annuity,
            months.astype(np.int64),
            paid,
            1.0 - amount / self.amount + paid / self.credit + np.where(present, 0.0, size_of_term),
            np.column_stack([amount < self.amount, paid > 0, ~present]),
        )
        return _without_twins(found.where(found.moved.any(axis=1) & self._admissible(found)))

    def _annuities(
        self, credit: Numbers, months: NDArray[np.int64], *, unchanged: NDArray[np.bool_]
    ) -> Numbers:
        if self.annuity is None:
            return np.full(len(credit), np.nan)
        present = self.credit / self.annuity
        ratios = dict.fromkeys({0, self.months or 0}, present)
        if self.months is not None:
            rate = yearly_rate(present, self.months)
            ratios |= {each: credit_over_annuity(rate, each) for each in self.other_terms}
        ratio = np.array([ratios[each] for each in months.tolist()])
        # Unchanged values keep the digits of the application.
        return np.where(unchanged, self.annuity, np.ceil(credit / ratio))

    def _admissible(self, found: Loans) -> NDArray[np.bool_]:
        """Return a mask of the loans that are affordable and within the bounds of the lender's tables."""
        enough = (found.credit > 0) & (np.nan_to_num(found.price, nan=SMALLEST_AMOUNT) > 0)
        if self.annuity is None:
            return enough
        affordable = found.annuity <= max(self.annuity, AFFORDABLE * self.income)
        known = (SHORTEST_RATIO * found.annuity <= found.credit) & (
            found.credit <= LONGEST_RATIO * found.annuity
        )
        return enough & affordable & (known | ~found.moved[:, 2])


def _whole(amounts: Numbers) -> Numbers:
    """Round down to whole units of currency, with a tolerance for rounding errors just below a unit."""
    return np.floor(amounts + 1e-6)


def _without_twins(found: Loans) -> Loans:
    columns = np.nan_to_num(np.column_stack([*found.columns.values()]), nan=-1.0)
    _, first = np.unique(columns, axis=0, return_index=True)
    return found.where(np.sort(first))
