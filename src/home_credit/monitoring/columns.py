"""The tests of columns: their distributions, and the shares of missing, unknown and extreme values in them.

The move of a column's mean is measured in standard deviations, as the standardised mean difference: P. Austin, "Balance
diagnostics for comparing the distribution of baseline covariates", Statistics in Medicine (2009). It is computed from
cells, the tails at their edges, so that an error of units in a few rows does not hide the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.monitoring.detectors import Test, cohen_h, exact, unit_margin
from home_credit.monitoring.stability import Z, stability, variance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from home_credit.monitoring.bins import Bins
    from home_credit.monitoring.reference import ColumnReference, Reference
    from home_credit.monitoring.tally import Counted

    Counts = NDArray[np.int64]
    Numbers = NDArray[np.float64]


def column_tests(reference: Reference, total: Counted) -> list[Test]:
    """Return the tests of all columns, those of distributions first."""
    places = reference.layout.slices()
    mine = {column.name: column for column in reference.columns}
    distributions = {
        name: _distribution(column, reference.cells[places[name]], total.cells[places[name]], places[name])
        for name, column in mine.items()
    }
    return [*distributions.values(), *_faults(reference, total, distributions)]


def _distribution(column: ColumnReference, before: Counts, now: Counts, place: slice) -> Test:
    found, n, m = stability(before, now), before.sum(), now.sum()
    p, q = before / n, now / m
    effect, effect_margin = None, 0.0
    if column.contributions is not None:
        moved = np.array(column.contributions)
        effect = float((q - p) @ moved)
        effect_margin = Z * float((variance(p, moved) / n + variance(q, moved) / m) ** 0.5)
    ratio = np.log((q + 0.5 / m) / (p + 0.5 / m))
    return Test(
        "distribution", column.name, "distributions", found.p_value, 0.0, found.psi, found.psi, found.psi,
        shift=mean_shift(column.bins, p, q), effect=effect, weight=column.weight, margin=found.margin,
        shift_margin=_shift_margin(column.bins, before, now), effect_margin=effect_margin,
        signal=_of_cells(place, ratio),
    )  # fmt: skip


def _shift_margin(bins: Bins, before: Counts, now: Counts) -> float:
    """Return half the interval of 95 % of the standardised mean difference, that of a small one."""
    numbers = bins.numbers
    if numbers is None:
        return 0.0
    known = ~np.isnan(numbers)
    rows, current = int(before[known].sum()), int(now[known].sum())
    return unit_margin(rows, current) if rows and current else 0.0


def mean_shift(bins: Bins, before: Numbers, now: Numbers) -> float | None:
    """Return the standardised mean difference of two distributions over the cells, missing values left out.

    ``None`` for texts, and where a side has no numbers.
    """
    numbers = bins.numbers
    if numbers is None:
        return None
    known = ~np.isnan(numbers)
    x, p, q = numbers[known], before[known], now[known]
    if not p.sum() or not q.sum():
        return None
    means = [float(share @ x / share.sum()) for share in (p, q)]
    squares = [
        float(share @ (x - mean) ** 2 / share.sum()) for share, mean in zip((p, q), means, strict=True)
    ]
    spread = (sum(squares) / 2) ** 0.5
    return (means[1] - means[0]) / spread if spread else None


def _faults(reference: Reference, total: Counted, distributions: dict[str, Test]) -> Iterator[Test]:
    places = reference.layout.slices()
    watched = [
        (column, detector, places[column.name].start + cell)
        for column in reference.columns
        for detector, cell in {"missing": column.bins.missing, **column.bins.rare}.items()
    ]
    cells = np.array([cell for _, _, cell in watched])
    more_only = np.array([detector != "missing" for _, detector, _ in watched])
    before, now = reference.cells[cells], total.cells[cells]
    p_values = exact(before, reference.rows, now, total.rows, more_only=more_only)
    shares = before / reference.rows, now / total.rows
    found = zip(watched, p_values, *shares, cohen_h(*shares), strict=True)
    for (column, detector, cell), p_value, was, is_now, size in found:
        yield Test(
            detector, column.name, "faults", float(p_value), float(was), float(is_now), float(size),
            effect=distributions[column.name].effect, weight=column.weight,
            margin=unit_margin(reference.rows, total.rows),
            signal=_of_cells(slice(cell, cell + 1), np.ones(1)),
        )  # fmt: skip


def _of_cells(place: slice, weights: Numbers) -> Callable[[Counted], float]:
    return lambda counted: float(counted.cells[place] @ weights)
