"""The lender's tariffs, found from the instalments that they explain."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from home_credit.synthetic.application import CENT, FEE, TARIFF_UNIT

if TYPE_CHECKING:
    import polars as pl

MOST_TARIFFS = 255
MIN_USES = 20
HIGHEST_TARIFF = 20_000

logger = logging.getLogger(__name__)


def find_tariffs(frame: pl.DataFrame) -> list[int]:
    """Return the tariffs that explain most instalments, the most used first, each found on what is left."""
    credit, annuity = (frame[name].to_numpy() for name in ("AMT_CREDIT", "AMT_ANNUITY"))
    lowest, highest = [], []
    for fee in (0, FEE):
        lowest.append(np.ceil((annuity - fee) / credit * TARIFF_UNIT - 1e-6))
        highest.append(np.ceil((annuity - fee + CENT) / credit * TARIFF_UNIT - 1e-6) - 1)
    low, high = np.nan_to_num(np.array(lowest)), np.nan_to_num(np.array(highest))
    left = np.ones(len(credit), dtype=bool)
    tariffs: list[int] = []
    while len(tariffs) < MOST_TARIFFS:
        uses = np.zeros(HIGHEST_TARIFF)
        for first, last in zip(low, high, strict=True):
            some = left & (last >= first) & (last < HIGHEST_TARIFF - 1) & (first > 0)
            np.add.at(uses, first[some].astype(int), 1)
            np.add.at(uses, last[some].astype(int) + 1, -1)
        uses = np.cumsum(uses)
        if uses.max() < MIN_USES:
            break
        tariffs.append(int(uses.argmax()))
        left &= ~((low <= tariffs[-1]) & (high >= tariffs[-1])).any(axis=0)
    logger.info("%d tariffs explain %.1f %% of the instalments", len(tariffs), 100 * (1 - left.mean()))
    return tariffs
