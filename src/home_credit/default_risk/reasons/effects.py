"""Contributions of features, summed by reason code, and the sums that may be given as reasons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from home_credit.default_risk.reasons.codes import code_of, reason_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

# How many reasons an adverse notice gives, as lenders do under Regulation B (12 CFR 1002.9, comment 9(b)(2)-1).
MAX_REASONS = 4
# How many reasons a decision gives for each direction: the most harmful ones and the most favourable ones.
GIVEN_EACH_WAY = 6
_TOTAL = itemgetter(1)


class Effect(NamedTuple):
    """The effect of one reason code on one applicant's log-odds of default.

    ``feature`` is the feature of the code that contributed most in the direction of the sum.
    """

    code: str
    contribution: float
    feature: str


def effects(features: Sequence[str], contributions: NDArray[np.float64]) -> list[Effect]:
    """Group one applicant's contributions (one per feature, log-odds) by reason code, most harmful first.

    The contributions of all effects add up to the sum of the contributions given. The order is by contribution and
    then by code, so that equal contributions always come in the same order.
    """
    grouping = _grouping(tuple(features))
    (totals,) = grouping.totals(contributions[None])
    return grouping.effects(_ranked(enumerate(totals)), contributions[grouping.order].tolist())


def given(features: Sequence[str], contributions: NDArray[np.float64]) -> list[list[Effect]]:
    """Return the reasons that decisions give, a list for each row of ``contributions`` (applicants by features).

    They are the most harmful and the most favourable of the reportable effects, in the order of :func:`effects`, so the
    first ``MAX_REASONS`` are those of an adverse notice.
    """
    grouping = _grouping(tuple(features))
    found = []
    for totals, values in zip(
        grouping.totals(contributions), contributions.take(grouping.order, axis=1).tolist(), strict=True
    ):
        told = _ranked((group, totals[group]) for group in grouping.reportable if totals[group] != 0)
        if len(told) > 2 * GIVEN_EACH_WAY:
            told = told[:GIVEN_EACH_WAY] + told[-GIVEN_EACH_WAY:]
        found.append(grouping.effects(told, values))
    return found


def _ranked(totals: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    # Groups come in the order of their codes, and a stable sort keeps it where contributions are equal.
    return sorted(totals, key=_TOTAL, reverse=True)


@dataclass(frozen=True, slots=True)
class _Grouping:
    """Features by reason code.

    ``order`` sorts the features by code and then by name; ``bounds`` are the limits of each code. ``reportable``
    holds the places of the codes that are not withheld.
    """

    codes: list[str]
    group_of: NDArray[np.intp]
    order: NDArray[np.intp]
    names: list[list[str]]
    bounds: list[tuple[int, int]]
    reportable: list[int]

    def totals(self, contributions: NDArray[np.float64]) -> list[list[float]]:
        """Return the contribution of each code for each row, summed in the order of the features."""
        rows, codes = len(contributions), len(self.codes)
        group_of = self.group_of + codes * np.arange(rows)[:, None]
        # NumPy's types say that counts are whole; weighted ones are not.
        sums: NDArray[Any] = np.bincount(group_of.ravel(), contributions.ravel(), minlength=rows * codes)
        plain: list[list[float]] = sums.reshape(rows, codes).tolist()
        return plain

    def effects(self, totals: list[tuple[int, float]], values: list[float]) -> list[Effect]:
        """Return the effects of codes, given as place and total, in the order given.

        ``values`` are the contributions in the order of the codes.
        """
        found = []
        for group, total in totals:
            first, last = self.bounds[group]
            strongest = _strongest(values[first:last], harmful=total >= 0)
            found.append(Effect(self.codes[group], total, self.names[group][strongest]))
        return found


@lru_cache(maxsize=8)
def _grouping(features: tuple[str, ...]) -> _Grouping:
    codes = sorted({code_of(name) for name in features})
    place = {code: group for group, code in enumerate(codes)}
    group_of = np.array([place[code_of(name)] for name in features], dtype=np.intp)
    order = sorted(range(len(features)), key=lambda feature: (group_of[feature], features[feature]))
    ends = np.cumsum(np.bincount(group_of, minlength=len(codes))).tolist()
    bounds = list(zip([0, *ends[:-1]], ends, strict=True))
    names = [[features[feature] for feature in order[first:last]] for first, last in bounds]
    reportable = [group for group, code in enumerate(codes) if not reason_codes()[code].withheld]
    return _Grouping(codes, group_of, np.array(order, dtype=np.intp), names, bounds, reportable)


def _strongest(values: list[float], *, harmful: bool) -> int:
    """Return the place of the value that contributed most; a tie goes to the last where harmful, else to the first."""
    if harmful:
        return len(values) - 1 - values[::-1].index(max(values))
    return values.index(min(values))


def reportable(all_effects: Sequence[Effect]) -> list[Effect]:
    """Return the effects that may be given as reasons, in the order given; an effect of zero is no reason."""
    codes = reason_codes()
    return [effect for effect in all_effects if effect.contribution != 0 and not codes[effect.code].withheld]


def leading_codes(features: Sequence[str], contributions: NDArray[np.float64]) -> list[list[str | None]]:
    """Return the first ``MAX_REASONS`` reasons of many applicants: a list of n codes for each place, the first first.

    ``contributions`` is applicants by features, in log-odds. The codes are those of :func:`reportable` on
    :func:`effects`, and None where an applicant has fewer.
    """
    codes = sorted({code_of(name) for name in features})
    place = {code: row for row, code in enumerate(codes)}
    totals = np.zeros((len(codes), len(contributions)))
    for name, column in zip(features, contributions.T, strict=True):
        totals[place[code_of(name)]] += column
    withheld = np.array([reason_codes()[code].withheld for code in codes])
    rank = np.where(withheld[:, None] | (totals == 0), np.inf, -totals)
    # A stable order of sorted codes: equal contributions come by code, as in effects().
    first = np.argsort(rank, axis=0, kind="stable")[:MAX_REASONS]
    named = np.full((MAX_REASONS, len(contributions)), None, dtype=object)
    named[: len(first)] = np.array(codes, dtype=object)[first]
    named[: len(first)][np.isinf(np.take_along_axis(rank, first, axis=0))] = None
    return named.tolist()
