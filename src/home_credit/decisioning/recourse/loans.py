"""The loan asked for, and the other loans that the same applicant could have asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import ceil, floor
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from home_credit.schemas import Lever

# What may differ from the application; nothing else ever does.
COLUMNS = ("AMT_GOODS_PRICE", "AMT_CREDIT", "AMT_ANNUITY")

# Bounds, from 92,818 real applications: the smallest loan, and credit over annuity from the 0.1 to the 99.9 %
# quantile. A cash credit is never below the price of the goods: no part paid up front takes it there.
SMALLEST_AMOUNT = 45_000.0
SHORTEST_RATIO, LONGEST_RATIO = 8.0, 38.0
# Lengths of contract, in months, that the lender offers.
TERMS = (6, 10, 12, 18, 24, 30, 36, 42, 48, 54, 60, 72)
# Terms in months among which a cash loan moves: two of 15,739 earlier ones were longer.
PROPOSED_TERMS = tuple(term for term in TERMS if 10 <= term <= 60)
# An annuity does not rise above this share of the income: the 95 % quantile of the applications is 0.356.
AFFORDABLE = 0.35
# The term is not in the tables. Of 10,617 earlier cash loans whose term is, the shortest offered term that
# means 20 % a year or more is the true one for 60 %, and 3.3 months off on average (29 % and 6.7 without a floor).
LOWEST_YEARLY_RATE = 0.20

# What a change costs the applicant. Money that is not lent counts as a share of what was asked for; a term, half
# of the share by which the shorter one falls short of the longer.
COST_OF_TERM = 0.5

AMOUNT_STEPS = 50  # at least so many steps from the amount asked for down to nothing
SMALLEST_STEP = 500.0
UP_FRONT_STEPS = 4


class Place(NamedTuple):
    """Steps away from the loan asked for along each lever; the term's count the other terms in turn."""

    amount: int
    up_front: int
    term: int

    @property
    def levers(self) -> tuple[Lever, ...]:
        """The levers that are moved."""
        moved: tuple[tuple[Lever, int], ...] = (
            ("amount", self.amount),
            ("up_front", self.up_front),
            ("term", self.term),
        )
        return tuple(lever for lever, steps in moved if steps)


class Alternative(NamedTuple):
    """Another loan: its columns, term in months, part paid up front, what the change costs, and its place."""

    price: float | None
    credit: float
    annuity: float | None
    term: int | None
    paid: float
    cost: float
    place: Place

    @property
    def columns(self) -> tuple[float | None, float, float | None]:
        """Its values of ``COLUMNS``."""
        return self.price, self.credit, self.annuity


@dataclass(frozen=True)
class Loan:
    """The loan asked for, in the currency of the tables; a revolving one has neither term nor part up front."""

    price: float | None
    credit: float
    annuity: float | None
    income: float
    revolving: bool

    @classmethod
    def of(cls, application: Mapping[str, Any]) -> Loan:
        """Read it from a checked row of the application."""
        price, credit, annuity = (application[column] for column in COLUMNS)
        revolving = application["NAME_CONTRACT_TYPE"] == "Revolving loans"
        return cls(price, credit, annuity, application["AMT_INCOME_TOTAL"], revolving)

    @property
    def columns(self) -> tuple[float | None, float, float | None]:
        """Its values of ``COLUMNS``."""
        return self.price, self.credit, self.annuity

    @property
    def amount(self) -> float:
        """What the applicant asked for: the price of the goods, or the credit where there are none."""
        return self.credit if self.price is None else self.price

    @cached_property
    def term(self) -> int | None:
        """The implied term in months, ``None`` where no offered term fits credit and annuity."""
        if self.revolving or self.annuity is None or not 0 < self.annuity < self.credit:
            return None
        ratio = self.credit / self.annuity
        return next((term for term in TERMS if annuities(LOWEST_YEARLY_RATE / 12, term) >= ratio), None)

    def alternatives(self) -> list[Alternative]:
        """Return every other loan that could have been asked for, no two with the same columns."""
        if not (self.amount > 0 and self.credit > 0 and (self.annuity is None or self.annuity > 0)):
            return []
        found: dict[tuple[float | None, ...], Alternative] = {}
        for alternative in self._grid():
            if alternative.columns != self.columns and self._admissible(alternative):
                found.setdefault(alternative.columns, alternative)
        return list(found.values())

    def _grid(self) -> Iterator[Alternative]:
        above_price = 0.0 if self.revolving else self.credit - self.amount
        parts = UP_FRONT_STEPS if above_price > 0 else 0
        for (step, amount), part, (turn, (term, ratio)) in product(
            enumerate((self.amount, *smaller_amounts(self.amount))),
            range(parts + 1),
            enumerate(self._terms()),
        ):
            credit = self.credit if step == 0 else whole(self.credit * amount / self.amount)
            paid = SMALLEST_STEP * ceil((credit - amount) * part / UP_FRONT_STEPS / SMALLEST_STEP)
            paid = min(paid, credit - amount) if part else 0.0
            cost = 1.0 - amount / self.amount + paid / self.credit
            if term and self.term:
                cost += COST_OF_TERM * abs(term - self.term) / max(term, self.term)
            yield Alternative(
                price=None if self.price is None else amount,
                credit=credit - paid,
                # As it was written in the application where nothing changes it.
                annuity=self.annuity
                if paid == step == turn == 0
                else ratio and whole((credit - paid) / ratio),
                term=term,
                paid=paid,
                cost=cost,
                place=Place(step, part, turn),
            )

    def _terms(self) -> list[tuple[int | None, float | None]]:
        """Return term and credit over annuity at the present rate, of the present term and of all others."""
        if self.annuity is None:
            return [(None, None)]
        present = self.credit / self.annuity
        if self.term is None:
            return [(None, present)]
        rate = monthly_rate(present, self.term)
        others = (term for term in PROPOSED_TERMS if term != self.term)
        return [(self.term, present), *((term, annuities(rate, term)) for term in others)]

    def _admissible(self, other: Alternative) -> bool:
        """Whether the lender could offer it: affordable, and of a kind that the tables hold."""
        if other.annuity is None or self.annuity is None:
            return True
        affordable = other.annuity <= max(self.annuity, AFFORDABLE * self.income)
        known = SHORTEST_RATIO * other.annuity <= other.credit <= LONGEST_RATIO * other.annuity
        return affordable and (known or not other.place.term)


def smaller_amounts(amount: float) -> Sequence[float]:
    """Return the amounts below ``amount`` that a loan officer would type, largest first.

    The step is 1, 2 or 5 times a power of ten, at most a fiftieth of the amount and at least 500.
    """
    series = [digit * 10.0**power for power in range(2, 12) for digit in (1, 2, 5)]
    step = max(SMALLEST_STEP, *(size for size in series if size <= amount / AMOUNT_STEPS), 0.0)
    highest, lowest = ceil(amount / step) - 1, ceil(SMALLEST_AMOUNT / step)
    return [step * count for count in range(highest, lowest - 1, -1)]


def annuities(monthly: float, term: int) -> float:
    """Return the credit over the annuity that repays it in ``term`` months at a monthly rate."""
    return term if monthly == 0 else (1.0 - (1.0 + monthly) ** -term) / monthly


def monthly_rate(ratio: float, term: int, *, halvings: int = 60) -> float:
    """Return the monthly rate at which ``term`` annuities repay ``ratio`` times the annuity, by bisection."""
    low, high = 0.0, 1.0 / ratio  # at the upper bound the annuity is all interest
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if annuities(middle, term) > ratio else (low, middle)
    return low


def whole(amount: float) -> float:
    """Return an amount that was computed, not typed, in whole units of currency, halves upwards."""
    return float(floor(amount + 0.5))
