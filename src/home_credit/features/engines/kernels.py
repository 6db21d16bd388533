"""The NumPy functions that written code calls: on columns of floats in which NaN is missing."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit.features.engines.lowering import EXACT
from home_credit.features.engines.values import UnfitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from home_credit.features.engines.columns import Codes

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

MISSING = float("nan")
Column = Any  # a sequence of numbers or texts, or an array; None and NaN are missing


def numbers(table: Mapping[str, Column], name: str, rows: int) -> Floats:
    """Return a column of numbers; one that is not there is missing throughout."""
    column = table.get(name)
    if column is None:
        return np.full(rows, np.nan)
    return np.asarray(column, dtype=np.float64)


def texts(table: Mapping[str, Column], name: str, rows: int, codes: Codes) -> Floats:
    """Return a column of text as codes. Raises UnfitError for a text without a code."""
    column = table.get(name)
    if column is None:
        return np.full(rows, np.nan)
    return np.array([codes[text] for text in column], dtype=np.float64)


def digits(codes: Floats, of: Floats) -> Floats:
    """Return the numbers that texts are the digits of, ``of`` by code."""
    present = codes == codes  # noqa: PLR0124  # NaN is missing
    return np.where(present, of[np.where(present, codes, 0.0).astype(np.intp)], np.nan)


def clip(column: Floats, low: float, high: float) -> Floats:
    """Bound a column."""
    return np.minimum(np.maximum(column, low), high)


def check(column: Floats) -> None:
    """Raise UnfitError where a whole number may be too large to be a float."""
    if (np.abs(column) >= EXACT).any():
        raise UnfitError("a whole number of 2**53 or more")


def check_sums(values: Floats, rows: int) -> None:
    """Raise UnfitError where a sum of so many rows may be too large to be a float."""
    if np.abs(values).max(initial=0.0) * rows >= EXACT:
        raise UnfitError("a sum that may reach 2**53")


def running_count(column: Floats, order: Places, partition: Floats | None = None) -> Floats:
    """Count the values up to each row, in ``order``, in which equal values of ``partition`` are neighbours."""
    return _running((column == column).astype(np.float64), order, partition)  # noqa: PLR0124  # NaN is missing


def running_sum(column: Floats, order: Places, partition: Floats | None = None) -> Floats:
    """Add up the values up to each row, as above; missing where the value is."""
    present = column == column  # noqa: PLR0124  # NaN is missing
    return np.where(present, _running(np.where(present, column, 0.0), order, partition), np.nan)


def _running(column: Floats, order: Places, partition: Floats | None) -> Floats:
    running = np.cumsum(column[order])
    check(running)
    if partition is not None:
        first = starts([partition], order)
        before = np.concatenate(([0.0], running))[first]
        running = running - np.repeat(before, np.diff(np.append(first, len(order))))
    result = np.empty(len(order))
    result[order] = running
    return result


def starts(keys: Sequence[Floats], order: Places) -> Places:
    """Return the places in ``order`` at which a group of rows with equal ``keys`` begins."""
    first = np.zeros(len(order), dtype=bool)
    first[:1] = True
    for key in keys:
        ordered = key[order]
        first[1:] |= ordered[1:] != ordered[:-1]
    return np.flatnonzero(first)


def matches(left: Floats, right: Floats) -> Places:
    """Return the place in ``right``, whose values differ, of each value of ``left``; -1 where it is not there."""
    if not len(right):
        return np.full(len(left), -1)
    order = np.argsort(right)
    place = order[np.searchsorted(right, left, sorter=order).clip(max=len(right) - 1)]
    return np.where(right[place] == left, place, -1)


def taken(column: Floats, places: Places) -> Floats:
    """Return the values at ``places``, missing at -1."""
    if not len(column):
        return np.full(len(places), np.nan)
    return np.where(places < 0, np.nan, column[places])


def distinct(column: Floats) -> float:
    """Return the number of distinct values, missing being one of them."""
    present = column[column == column]  # noqa: PLR0124  # NaN is missing
    return float(len(set(present.tolist())) + (len(present) < len(column)))


def distinct_by(column: Floats, order: Places, first: Places) -> Floats:
    """Return the number of distinct values of each group."""
    return np.array([distinct(part) for part in np.split(column[order], first[1:])])


# What the code calls by name; NumPy's own functions as they are.
NAMESPACE: Mapping[str, Any] = MappingProxyType(
    {
        "nan": np.nan,
        "inf": np.inf,
        "array": np.array,
        "arange": np.arange,
        "concatenate": np.concatenate,
        "where": np.where,
        "full": np.full,
        "diff": np.diff,
        "append": np.append,
        "floor": np.floor,
        "trunc": np.trunc,
        "sqrt": np.sqrt,
        "least": np.fmin,
        "greatest": np.fmax,
        "lexsort": np.lexsort,
        "add": np.add,
        "fmin": np.fmin,
        "fmax": np.fmax,
        **{
            function.__name__: function
            for function in (
                numbers, texts, digits, clip, check, check_sums, running_count, running_sum, starts, matches,
                taken, distinct, distinct_by,
            )
        },
    }
)  # fmt: skip
