"""The lender's price list: the terms of a loan by tariff, insurance premium and fee.

A tariff is a number of monthly instalments and the share of the credit that each of them is; it follows from a
nominal yearly rate. A premium is a share of the price per month, added to the credit. Both come from short lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Codes, Floats

UNIT = 100_000  # factors and premiums are whole numbers of hundred-thousandths
PREMIUM_STEP = 11  # premiums are multiples of this
FEE = 130.5  # added to each instalment by some contracts
REVOLVING_FACTOR = 0.05  # the instalment of a card is this share of its limit
_MONTHS = 100  # a tariff is stored as one number: its factor times this, plus its months


@dataclass(frozen=True)
class PriceList:
    """Tariffs (see :func:`tariff`) and premiums, both ascending."""

    tariffs: tuple[int, ...]
    premiums: tuple[int, ...]


def tariff(factor: int, months: int) -> int:
    """Return the tariff with this factor (hundred-thousandths of the credit per instalment) and these months."""
    return factor * _MONTHS + months


def factor_of(tariff: pl.Expr) -> pl.Expr:
    """Return the share of the credit that an instalment is."""
    return (tariff // _MONTHS) / UNIT


def months_of(tariff: pl.Expr) -> pl.Expr:
    """Return the number of instalments."""
    return tariff % _MONTHS


def insured(premium: pl.Expr, months: pl.Expr) -> pl.Expr:
    """Return the credit per unit of price."""
    return 1 + premium * months / UNIT


def rounded(amount: pl.Expr, unit: float) -> pl.Expr:
    """Return an amount rounded to whole units."""
    return (amount / unit).round() * unit


def premium_per_month(credit: pl.Expr, price: pl.Expr, months: pl.Expr) -> pl.Expr:
    """Return the premium nearest to that of ``credit`` and ``price``, in hundred-thousandths a month."""
    exact = (credit / price - 1) * UNIT / months
    return ((exact / PREMIUM_STEP).round() * PREMIUM_STEP).cast(pl.Int64)


def nearest(values: Floats, listed: tuple[int, ...]) -> Codes:
    """Return for each value the nearest of the ``listed`` numbers (ascending)."""
    numbers = np.array(listed, dtype=np.int64)
    middles = (numbers[1:] + numbers[:-1]) / 2
    found: Codes = numbers[np.searchsorted(middles, values)]
    return found


def explain_instalments(
    credit: Floats, annuity: Floats, tariffs: tuple[int, ...], unit: float
) -> tuple[Codes, Codes]:
    """Return for each loan the tariff, and whether the fee is charged (0, 1), that yield its instalment.

    Instalments are rounded down to whole ``unit``. An instalment that no tariff yields gets the nearest tariff.
    """
    best = np.full(len(credit), np.inf)
    found, fee = np.zeros(len(credit), dtype=np.int64), np.zeros(len(credit), dtype=np.int64)
    for charged in (0, 1):
        for each in tariffs:
            factor = each // _MONTHS / UNIT
            off = np.abs(np.floor(credit * factor / unit + 1e-6) * unit + charged * FEE - annuity)
            nearer = off < best - 1e-6
            best = np.where(nearer, off, best)
            found, fee = np.where(nearer, each, found), np.where(nearer, charged, fee)
    return found, fee
