"""Calibration of the probabilities of default: by grade, with Jeffreys' test, and along the whole range.

European Central Bank, "Instructions for reporting the validation results of internal models: IRB Pillar I models
for credit risk" (February 2019), section 2.5.3.1: with D defaults among the N customers of a grade, the posterior of
its true default rate is Beta(D + ½, N - D + ½); the p-value is that distribution's cumulative function at the
estimated probability. It is one-sided: small where the estimate is too low. Customers count as independent and as
equally risky within a grade; where they are not equally risky, it errs on the side of passing.

Probabilities calibrated on the same rows agree with them overall by construction; grades and bins show where not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np
from scipy.stats import beta

from home_credit import policy
from home_credit.validation.proportions import jeffreys

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.05


class Calibration(TypedDict):
    """Expected against observed defaults of a group; ``low`` and ``high`` are Jeffreys' interval of the rate."""

    applicants: int
    defaults: int
    mean_probability: float
    observed_rate: float
    low: float
    high: float


class Grade(Calibration):
    """The row of one grade; ``below`` bounds its probabilities."""

    grade: str
    below: float
    p_value: float
    verdict: Literal["pass", "fail"]
    too_high: bool


class Bin(Calibration):
    """The row of one quantile bin, numbered from 1."""

    bin: int


def jeffreys_p_value(defaults: int, applicants: int, probability: float) -> float:
    """Return the posterior probability that the true default rate is at most ``probability``."""
    return float(beta.cdf(probability, defaults + 0.5, applicants - defaults + 0.5))


def by_grade(probability: NDArray[np.float64], target: NDArray[np.int64]) -> list[Grade]:
    """Return one row for each grade that has applicants, A first.

    ``verdict`` is "fail" where the mean probability is too low at 5 % for all grades together (Holm, 1979): without the
    correction, a third of perfectly calibrated models would have a grade that fails. ``too_high`` marks the
    opposite at 5 % for all grades together, which supervisors accept, but which declines good applicants.
    """
    grades = np.array([policy.grade(value) for value in probability.tolist()])
    compared = {
        (name, bound): _compare(probability[grades == name], target[grades == name])
        for name, bound in policy.GRADES
        if (grades == name).any()
    }
    p_values = [
        jeffreys_p_value(each["defaults"], each["applicants"], each["mean_probability"])
        for each in compared.values()
    ]
    too_low, too_high = holm(p_values), holm([1.0 - value for value in p_values])
    return [
        {
            "grade": name,
            "below": bound,
            **each,
            "p_value": low,
            "verdict": "fail" if low < LEVEL else "pass",
            "too_high": high < LEVEL,
        }
        for ((name, bound), each), low, high in zip(compared.items(), too_low, too_high, strict=True)
    ]


def reliability(probability: NDArray[np.float64], target: NDArray[np.int64], bins: int = 10) -> list[Bin]:
    """Return observed default rates, with Jeffreys' interval, over mean probabilities by quantile bins.

    Applicants with the same probability share a bin, so there may be fewer than ``bins``.
    """
    edges = np.quantile(probability, np.arange(1, bins) / bins)
    place = np.searchsorted(edges, probability, side="right")
    return [
        {"bin": number, **_compare(probability[place == index], target[place == index])}
        for number, index in enumerate(np.unique(place).tolist(), start=1)
    ]


def holm(p_values: list[float]) -> list[float]:
    """Return p-values corrected for multiple tests: S. Holm, Scandinavian Journal of Statistics 6 (1979)."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    factors = np.arange(len(p_values), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(factors * np.asarray(p_values)[order]), 1.0)
    return [float(value) for value in corrected]


def _compare(probability: NDArray[np.float64], target: NDArray[np.int64]) -> Calibration:
    applicants, defaults = len(target), int(target.sum())
    low, high = jeffreys(defaults, applicants)
    return {
        "applicants": applicants,
        "defaults": defaults,
        "mean_probability": float(probability.mean()),
        "observed_rate": defaults / applicants,
        "low": low,
        "high": high,
    }
