"""What is measured of a window of applications, each with the probability of as large a change by chance.

Every test is of two independent samples, the reference and the window, under the hypothesis that both come from one
population:

- shares (missing, unknown and extreme values, decisions, warnings): Fisher's exact test;
- means (log-odds, expected cost): Welch's test;
- distributions (columns, grades, scores, segments): the PSI as a chi-square statistic, see
  :mod:`home_credit.monitoring.stability`;
- repeated applications: the pairs that equal each other, Poisson distributed at the reference's rate.

``share`` is a test's part of the rate of false alarms; the parts add up to one (:func:`weighted`), so that a test with
a p-value below its part of the rate is significant among all of them (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import pdtrc, stdtr
from scipy.stats import hypergeom

from home_credit.monitoring.scores import FIGURES, GRADE_PLACES, HISTOGRAM, probabilities_of_bins
from home_credit.monitoring.stability import Z, stability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from home_credit.monitoring.reference import Reference
    from home_credit.monitoring.tally import Counted

    Numbers = NDArray[np.float64]

# The parts of the rate of false alarms: decisions, distributions of columns, faults of columns, all the rest.
PARTS = {"decisions": 0.35, "distributions": 0.25, "faults": 0.3, "others": 0.1}


@dataclass(frozen=True, slots=True)
class Test:
    """One test: ``size`` is the change that ``before`` and ``now`` or the PSI say, in the unit of its limit.

    ``shift`` is the move of a column's mean in standard deviations, ``effect`` that of the mean log-odds through it.
    ``margin``, ``shift_margin`` and ``effect_margin`` tell how far above them their intervals of 95 % end.
    ``signal`` returns the sum of a figure per application over counted ones; its mean moves with the change.
    """

    detector: str
    subject: str
    part: str
    p_value: float
    before: float
    now: float
    size: float
    psi: float | None = None
    shift: float | None = None
    effect: float | None = None
    weight: float | None = None
    share: float = 0.0
    margin: float = 0.0
    shift_margin: float = 0.0
    effect_margin: float = 0.0
    signal: Callable[[Counted], float] | None = None
    of_scored: bool = False

    @property
    def corrected(self) -> float:
        """The p-value corrected for all tests of the verdict."""
        return min(1.0, self.p_value / self.share) if self.share else 1.0


def weighted(tests: Sequence[Test]) -> list[Test]:
    """Return the tests with their shares: equal ones within a part, those of distributions half by weight."""
    result = []
    present = dict.fromkeys(test.part for test in tests)
    whole = sum(PARTS[part] for part in present)
    for part in present:
        mine = [test for test in tests if test.part == part]
        weights = np.array([test.weight or 0.0 for test in mine]) if part == "distributions" else np.zeros(1)
        by_weight = weights / weights.sum() if weights.sum() > 0 else np.full(len(mine), 1 / len(mine))
        shares = PARTS[part] / whole * (0.5 * by_weight + 0.5 / len(mine))
        result += [replace(test, share=float(share)) for test, share in zip(mine, shares, strict=True)]
    return result


def exact(before: ArrayLike, of: int, now: ArrayLike, among: int, *, more_only: ArrayLike = False) -> Numbers:
    """Return the p-values of Fisher's exact test of pairs of shares, ``before / of`` and ``now / among``.

    Two-sided is twice the smaller side; with ``more_only`` only a larger share now counts.
    """
    first, second = np.atleast_1d(before), np.atleast_1d(now)
    whole, marked = of + among, first + second
    # A side that holds every outcome needs no sum.
    more = np.where(second == 0, 1.0, hypergeom.sf(second - 1, whole, marked, among))
    fewer = np.ones_like(more)
    both = ~np.broadcast_to(more_only, more.shape)
    if both.any():
        fewer[both] = hypergeom.cdf(second[both], whole, marked[both], among)
    result: Numbers = np.where(both, np.minimum(1.0, 2.0 * np.minimum(more, fewer)), more)
    return result


def welch(before: tuple[float, float, float], now: tuple[float, float, float]) -> float:
    """Return the two-sided p-value of Welch's test; each side is its size, sum and sum of squares."""
    sides = []
    for size, total, squares in (before, now):
        mean = total / size
        variance = max(squares / size - mean**2, 0.0) * size / max(size - 1, 1)
        sides.append((size, mean, variance / size))
    (n, first, a), (m, second, b) = sides
    if n < 2 or m < 2 or a + b == 0:
        return 1.0
    freedom = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
    return float(2 * stdtr(freedom, -abs(first - second) / np.sqrt(a + b)))


def cohen_h(before: ArrayLike, now: ArrayLike) -> Numbers:
    """Return the distances of pairs of shares as Cohen's h, in which a share that was rare moves far by few rows."""
    result: Numbers = abs(2 * np.arcsin(np.sqrt(now)) - 2 * np.arcsin(np.sqrt(before)))
    return result


def unit_margin(rows: int, current: int) -> float:
    """Return half the interval of 95 % of Cohen's h between the shares of two samples, and of a small move of a mean.

    The move is in standard deviations.
    """
    return Z * float((1 / rows + 1 / current) ** 0.5)


def decision_tests(before: Numbers, now: Numbers) -> Iterator[Test]:
    """Yield the tests of scores and decisions, from the sums of :mod:`home_credit.monitoring.scores`."""
    n, m = int(before[0]), int(now[0])

    def mean(name: str) -> tuple[float, float]:
        place = FIGURES.index(name)
        return float(before[place] / n), float(now[place] / m)

    def test(
        detector: str, p_value: float, figure: str, size: float, *, margin: float, psi: float | None = None
    ) -> Test:
        first, second = mean(figure)
        return Test(
            detector, detector, "decisions", p_value, first, second, size, psi,
            margin=margin, signal=_of_sums(FIGURES.index(figure)), of_scored=True,
        )  # fmt: skip

    log_odds = welch(*(_moments(side, "log_odds") for side in (before, now)))
    first, second = mean("probability")
    margin = _mean_margin(*(_probability_moments(side) for side in (before, now)))
    yield test("mean_probability", log_odds, "probability", abs(second / first - 1), margin=margin / first)
    moments = [_moments(side, "cost") for side in (before, now)]
    first, second = mean("cost")
    size, margin = (abs(second / first - 1), _mean_margin(*moments) / first) if first else (0.0, 0.0)
    yield test("expected_cost", welch(*moments), "cost", size, margin=margin)
    for detector, figure in (("approval_rate", "approved"), ("review_rate", "review")):
        place = FIGURES.index(figure)
        first, second = mean(figure)
        chance = exact(int(before[place]), n, int(now[place]), m).item()
        margin = Z * (first * (1 - first) / n + second * (1 - second) / m) ** 0.5
        yield test(detector, chance, figure, abs(second - first), margin=margin)
    for detector, where in (("grades", GRADE_PLACES), ("scores", HISTOGRAM)):
        found = stability(before[where].astype(np.int64), now[where].astype(np.int64))
        yield test(detector, found.p_value, "log_odds", found.psi, margin=found.margin, psi=found.psi)


def repeat_test(reference: Reference, total: Counted) -> Test:
    """Return the test of applications that equal another one of the same day in every column."""
    expected = (reference.repeated + 1) * total.possible / (reference.rows * max(reference.rows - 1, 1) / 2)
    share = total.repeated / total.rows
    p_value = float(pdtrc(total.pairs - 1, expected)) if total.pairs else 1.0
    return Test(
        "repeated", "repeated", "others", p_value, 0.0, share, float(cohen_h(0.0, share)),
        margin=unit_margin(reference.rows, total.rows),
    )  # fmt: skip


def warning_test(reference_scored: int, total: Counted) -> Test:
    """Return the test of the share of decisions with a warning, of which training has none."""
    share = total.warned / total.scored
    p_value = exact(0, reference_scored, total.warned, total.scored, more_only=True).item()
    return Test(
        "warnings", "warnings", "others", p_value, 0.0, share, float(cohen_h(0.0, share)),
        margin=unit_margin(reference_scored, total.scored), of_scored=True,
    )  # fmt: skip


def _moments(side: Numbers, name: str) -> tuple[float, float, float]:
    return side[0], side[FIGURES.index(name)], side[FIGURES.index(f"{name}_squared")]


def _probability_moments(side: Numbers) -> tuple[float, float, float]:
    """Return the size, sum and sum of squares of the probabilities, as the histogram of log-odds tells them."""
    counts, probability = side[HISTOGRAM], probabilities_of_bins()
    return side[0], float(counts @ probability), float(counts @ probability**2)


def _mean_margin(before: tuple[float, float, float], now: tuple[float, float, float]) -> float:
    """Return half the interval of 95 % of a difference of means; each side is its size, sum and sum of squares."""
    variances = [
        max(squares / size - (total / size) ** 2, 0.0) / size for size, total, squares in (before, now)
    ]
    return Z * float(sum(variances) ** 0.5)


def _of_sums(place: int) -> Callable[[Counted], float]:
    return lambda counted: float(counted.sums[place])
