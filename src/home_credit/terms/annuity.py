"""The arithmetic of annuity loans.

Sums and products of single numbers in a fixed order, so that every machine and every engine computes the same bits.
"""

from __future__ import annotations

MONTHS = 12


def credit_over_annuity(yearly_rate: float, months: int) -> float:
    """Return the credit that ``months`` payments of 1 repay at a nominal yearly rate, compounded monthly.

    The present value of an annuity, v + v² + … + v to the power of ``months`` with v = 1 / (1 + ``yearly_rate`` / 12).
    """
    discount = 1.0 / (1.0 + yearly_rate / MONTHS)
    value = 0.0
    for _ in range(months):
        value = discount * (1.0 + value)
    return value


def yearly_rate(ratio: float, months: int, *, halvings: int = 50) -> float:
    """Return the nominal yearly rate at which ``months`` payments repay ``ratio`` times the payment.

    It is found by bisection between 0 and the rate at which a payment is all interest; 0 where the payments do not
    repay the credit.
    """
    low, high = 0.0, MONTHS / ratio
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if credit_over_annuity(middle, months) > ratio else (low, middle)
    return low
