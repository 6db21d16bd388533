"""The NumPy functions that written code calls: on columns of floats in which NaN is missing."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit.features.engines.lowering import EXACT
from home_credit.features.engines.values import UnfitError
from home_credit.features.inference import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from home_credit.features.engines.columns import Codes

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]
    Flags = NDArray[np.bool_]

Column = Any  # a sequence of numbers or texts, or an array; None and NaN are missing


def rows_of(table: Mapping[str, Column], key: str) -> int:
    """Return the number of rows of a table by a column that is never missing. Raises UnfitError for too many."""
    rows = len(table.get(key, ()))
    if rows > MOST_ROWS:
        raise UnfitError(f"{rows} rows")
    return rows


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


def least(one: Floats, other: Floats) -> Floats:
    """Return the lesser of two columns, of equal values (zeros of either sign) the later."""
    return np.where((one < other) | np.isnan(other), one, other)


def greatest(one: Floats, other: Floats) -> Floats:
    """Return the greater of two columns, of equal values the later."""
    return np.where((one > other) | np.isnan(other), one, other)


def check(column: Floats) -> None:
    """Raise UnfitError where a whole number may be too large to be a float."""
    if (np.abs(column) >= EXACT).any():
        raise UnfitError("a whole number of 2**53 or more")


def products(conditions: Flags, values: Floats, last: int, low: int, high: int, checked: Places) -> Floats:
    """Return one row per condition: sums of ``values[:last]`` where it holds, counts of ``values[low:high]``, and
    the number of rows in which each of the conditions holds too. Raises UnfitError where a sum of the values at
    ``checked`` may be too large to be a float.
    """
    held = conditions.astype(np.float64)
    present = values == values  # noqa: PLR0124  # NaN is missing
    summed = np.where(present[:last], values[:last], 0.0)
    if len(checked):
        _check_sums(summed.take(checked, 0))
    found: Floats = held @ np.concatenate((summed, present[low:high], held)).T
    return found


def _check_sums(columns: Floats) -> None:
    if np.abs(columns).max(initial=0.0) * columns.shape[1] >= EXACT:
        raise UnfitError("a sum that may reach 2**53")


def flags_by(columns: Flags, first: Places) -> Floats:
    """Return in how many rows of each group conditions hold."""
    return np.add.reduceat(columns.astype(np.float64), first, 1)


def sums_by(columns: Floats, first: Places, small: bool) -> Floats:
    """Return the sum of each group. Raises UnfitError where one of large numbers may be too large to be a float."""
    columns = np.where(columns == columns, columns, 0.0)  # noqa: PLR0124  # NaN is missing
    if not small:
        _check_sums(columns)
    return np.add.reduceat(columns, first, 1)


def counts_by(columns: Floats, first: Places) -> Floats:
    """Return the number of values of each group."""
    return flags_by(columns == columns, first)  # noqa: PLR0124  # NaN is missing


def minima_by(columns: Floats, first: Places) -> Floats:
    """Return the least value of each group."""
    return np.fmin.reduceat(columns, first, 1)


def maxima_by(columns: Floats, first: Places) -> Floats:
    """Return the greatest value of each group."""
    return np.fmax.reduceat(columns, first, 1)


def ranks(order: Places, partition: Sequence[Floats] = ()) -> Floats:
    """Number the rows from 1 in ``order``, in which rows with equal ``partition`` are neighbours, anew in each."""
    numbered = np.arange(1.0, len(order) + 1.0)
    if partition:
        first = starts(partition, order)
        numbered -= np.repeat(first, np.diff(first, append=len(order)))
    result = np.empty(len(order))
    result[order] = numbered
    return result


def running_count(column: Floats, order: Places, partition: Sequence[Floats] = ()) -> Floats:
    """Count the values up to each row, in ``order``, in which rows with equal ``partition`` are neighbours."""
    return _running((column == column).astype(np.float64), order, partition)  # noqa: PLR0124  # NaN is missing


def running_sum(column: Floats, order: Places, partition: Sequence[Floats] = ()) -> Floats:
    """Add up the values up to each row, as above; missing where the value is."""
    present = column == column  # noqa: PLR0124  # NaN is missing
    return np.where(present, _running(np.where(present, column, 0.0), order, partition), np.nan)


def _running(column: Floats, order: Places, partition: Sequence[Floats]) -> Floats:
    running = np.cumsum(column[order])
    check(running)
    if partition:
        first = starts(partition, order)
        before = np.concatenate(([0.0], running))[first]
        running = running - np.repeat(before, np.diff(first, append=len(order)))
    result = np.empty(len(order))
    result[order] = running
    return result


def starts(keys: Sequence[Floats], order: Places) -> Places:
    """Return the places in ``order`` at which a group of rows with equal ``keys`` begins."""
    first = np.ones(len(order), dtype=bool)
    ordered = np.array(keys).take(order, 1)
    np.any(ordered[:, 1:] != ordered[:, :-1], axis=0, out=first[1:])
    return first.nonzero()[0]


def matches(left: Floats, right: Floats) -> Places:
    """Return the place in ``right``, whose values differ, of each value of ``left``; -1 where it is not there."""
    if not len(right):
        return np.full(len(left), -1)
    order = np.argsort(right)
    place = order[np.searchsorted(right, left, sorter=order).clip(max=len(right) - 1)]
    return np.where(right[place] == left, place, -1)


def taken(columns: Floats, places: Places) -> Floats:
    """Return the values of several columns at ``places``, missing at -1."""
    if not columns.shape[1]:
        return np.full((len(columns), len(places)), np.nan)
    found = columns.take(places, 1, mode="wrap")
    return np.where(places < 0, np.nan, found) if (places < 0).any() else found


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
        "missing": np.array(np.nan),
        "array": np.array,
        "full": np.full,
        "where": np.where,
        "floor": np.floor,
        "trunc": np.trunc,
        "sqrt": np.sqrt,
        "lexsort": np.lexsort,
        "fmin": np.fmin,
        "fmax": np.fmax,
        **{
            function.__name__: function
            for function in (
                *(rows_of, numbers, texts, digits, clip, least, greatest, check),
                *(products, flags_by, sums_by, counts_by, minima_by, maxima_by, distinct, distinct_by),
                *(ranks, running_count, running_sum, starts, matches, taken),
            )
        },
    }
)
