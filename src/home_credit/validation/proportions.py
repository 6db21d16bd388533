"""Confidence intervals of a proportion, as plain numbers."""

from __future__ import annotations

from scipy.stats import beta, binomtest

CONFIDENCE = 0.95


def jeffreys(count: int, total: int) -> tuple[float, float]:
    """Return the equal-tailed interval of Jeffreys' posterior Beta(``count`` + ½, ``total`` - ``count`` + ½).

    It reaches 0 and 1 where none or all were counted: Brown, Cai, DasGupta, "Interval estimation for a
    binomial proportion", Statistical Science 16 (2001).
    """
    low, high = beta.interval(CONFIDENCE, count + 0.5, total - count + 0.5)
    return (0.0 if count == 0 else float(low)), (1.0 if count == total else float(high))


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return the score interval (Wilson, 1927); valid for any count of at least one observation."""
    interval = binomtest(count, total).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)
