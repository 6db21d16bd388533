"""The search for the smallest change of the loan with which the application would have been approved.

Trees are not monotone, so approved loans may lie anywhere. A grid finds a first one; then the region of all smaller
changes is sampled, uniformly and near the smallest change found, until :data:`PATIENCE` rounds in a row find none that
is smaller by more than :data:`TOLERANCE`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from home_credit.decisioning.recourse.loans import Loan, Loans, Numbers, Points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Approves = Callable[[Loans], NDArray[np.bool_]]

# The search stops when a round improves the size of the change by no more than this share.
TOLERANCE = 0.01
GRID_AMOUNTS, GRID_PARTS = 40, 3
SAMPLES, ROUNDS, PATIENCE = 900, 10, 2
# Samples around the nearest loan found, and the widths of their neighbourhoods as shares of the whole range.
NEIGHBOURS = 300
WIDTHS = (0.003, 0.1)
# Shares of the change that are tried between the loan asked for and the nearest one found.
SHORTER = np.linspace(0.02, 0.985, 60)
# A loan is robust if it stays approved when the amount is reduced further by each of these shares.
FURTHER = (0.01, 0.02)
# Steps of round amounts, the largest first.
ROUND_AMOUNTS = np.array([10_000.0, 5_000.0, 1_000.0, 500.0, 100.0])


@dataclass(slots=True)
class Search:
    """The loans tried so far for one applicant, and which of them are approved."""

    loan: Loan
    approves: Approves
    tried: int = 0
    approved: list[Loans] = field(default_factory=list)

    def run(self) -> list[tuple[Loans, int]]:
        """Return the nearest approved loan of each set of levers as (loans, row), nearest first."""
        self._try(_grid(self.loan))
        nearest, without_gain = self._nearest(), 0
        for turn in range(ROUNDS):
            if nearest is None or without_gain == PATIENCE:
                break
            before = float(nearest[0].size[nearest[1]])
            self._try(_nearer(self.loan, *nearest, turn), below=before)
            nearest = self._nearest() or nearest
            gained = nearest[0].size[nearest[1]] <= (1.0 - TOLERANCE) * before
            without_gain = 0 if gained else without_gain + 1
        rounded = [self._rounded(*one) for one in self._by_levers()]
        return sorted(rounded, key=lambda one: float(one[0].size[one[1]]))

    def robust(self, loans: Loans, row: int) -> bool:
        """Return whether slightly smaller loans are approved as well."""
        steps = np.minimum(_given_up(self.loan, loans, row) + np.array(FURTHER), self.loan.most_given_up)
        return bool(self.approves(self._with_amounts(steps, loans, row)).all())

    def _rounded(self, loans: Loans, row: int) -> tuple[Loans, int]:
        """Return the approved loan of the roundest amount that is hardly farther away, else the loan itself."""
        if not loans.moved[row, 0]:
            return loans, row
        steps = _amount(loans, row) / ROUND_AMOUNTS
        amounts = np.concatenate([np.floor(steps) * ROUND_AMOUNTS, np.ceil(steps) * ROUND_AMOUNTS])
        shares = np.clip(1.0 - amounts / self.loan.amount, 0.0, self.loan.most_given_up)
        near = self._with_amounts(shares, loans, row)
        near = near.where((near.size <= (1.0 + TOLERANCE) * loans.size[row]) & near.moved[:, 0])
        near = near.where(self.approves(near)) if len(near) else near
        if not len(near):
            return loans, row
        return near, min(
            range(len(near)), key=lambda each: (-_roundness(_amount(near, each)), near.size[each])
        )

    def _with_amounts(self, given_up: Numbers, loans: Loans, row: int) -> Loans:
        """Return the loan of one row with other amounts."""
        part = np.full(len(given_up), _part(self.loan, loans, row))
        months = np.full(len(given_up), loans.months[row] if loans.moved[row, 2] else 0)
        return self.loan.alternatives(Points(given_up, part, months))

    def _try(self, points: Points, below: float = np.inf) -> None:
        loans = self.loan.alternatives(points)
        loans = loans.where(loans.size < below)
        if len(loans):
            self.tried += len(loans)
            good = self.approves(loans)
            if good.any():
                self.approved.append(loans.where(good))

    def _nearest(self) -> tuple[Loans, int] | None:
        best = [(loans, int(loans.size.argmin())) for loans in self.approved]
        return min(best, key=lambda one: float(one[0].size[one[1]])) if best else None

    def _by_levers(self) -> Iterator[tuple[Loans, int]]:
        """Yield the nearest loan of each set of levers, unless a subset of the levers needs no larger change."""
        ordered = sorted(
            ((loans, row) for loans in self.approved for row in range(len(loans))),
            key=lambda one: (float(one[0].size[one[1]]), float(one[0].credit[one[1]])),
        )
        known: list[frozenset[str]] = []
        for loans, row in ordered:
            levers = frozenset(loans.levers(row))
            if not any(fewer <= levers for fewer in known):
                known.append(levers)
                yield loans, row


def _grid(loan: Loan) -> Points:
    parts = np.linspace(0.0, 1.0, GRID_PARTS) if loan.premium > 0 else np.zeros(1)
    given_up = np.linspace(0.0, loan.most_given_up, GRID_AMOUNTS)
    months = np.array([0, *loan.other_terms])
    return Points(*(axis.ravel() for axis in np.meshgrid(given_up, parts, months, indexing="ij")))


def _nearer(loan: Loan, loans: Loans, row: int, turn: int) -> Points:
    """Return points to try once loan ``row`` is the nearest found: all over the smaller changes, and around it."""
    chance = np.random.default_rng(turn)  # a fixed seed: the same applicant gets the same answer
    regions = [*_smaller(loan, float(loans.size[row]), chance), *_around(loan, loans, row, chance)]
    given_up, parts, terms = (np.concatenate(axis) for axis in zip(*regions, strict=True))
    return Points(given_up, parts, terms)


def _smaller(loan: Loan, bound: float, chance: np.random.Generator) -> Iterator[Points]:
    """Yield uniform samples of the changes smaller than ``bound``, term by term."""
    terms = [0, *(months for months in loan.other_terms if loan.size_of_term(months) < bound)]
    weight = max(loan.premium / loan.credit, 0.0)
    number = SAMPLES // len(terms)
    for months in terms:
        budget = bound - (loan.size_of_term(months) if months else 0.0)
        share, split = chance.random(number), chance.random(number)
        # Half of the samples change the amount alone, the lever of most answers.
        split[: number // 2] = 0.0
        paid = np.minimum(split * budget, weight)
        given_up = np.minimum((budget - paid) * share, loan.most_given_up)
        yield Points(given_up, paid / weight if weight > 0 else paid, np.full(number, months))


def _around(loan: Loan, loans: Loans, row: int, chance: np.random.Generator) -> Iterator[Points]:
    """Yield points near loan ``row``, and between it and the present loan, all of its term."""
    amount, part = _given_up(loan, loans, row), _part(loan, loans, row)
    term = int(loans.months[row]) if loans.moved[row, 2] else 0
    width = np.geomspace(*WIDTHS, NEIGHBOURS)
    yield Points(
        np.clip(amount + width * chance.standard_normal(NEIGHBOURS), 0.0, loan.most_given_up),
        np.clip(part + width * chance.standard_normal(NEIGHBOURS), 0.0, 1.0),
        np.full(NEIGHBOURS, term),
    )
    steps = len(SHORTER)
    terms = np.full(steps, term)
    yield Points(amount * SHORTER, np.full(steps, part), terms)
    yield Points(amount * SHORTER, np.zeros(steps), terms)
    yield Points(np.full(steps, amount), part * SHORTER, terms)


def _given_up(loan: Loan, loans: Loans, row: int) -> float:
    return 1.0 - _amount(loans, row) / loan.amount


def _amount(loans: Loans, row: int) -> float:
    price = float(loans.price[row])
    return float(loans.credit[row]) if np.isnan(price) else price


def _roundness(amount: float) -> float:
    """Return the largest round step that divides the amount, 0 for none."""
    return max((step for step in ROUND_AMOUNTS.tolist() if amount % step == 0), default=0.0)


def _part(loan: Loan, loans: Loans, row: int) -> float:
    """Return the share of the premium that is paid up front."""
    premium = float(loans.credit[row] + loans.paid[row]) - _amount(loans, row)
    return float(loans.paid[row]) / premium if premium > 0 and loan.premium > 0 else 0.0
