"""Log-odds and exact TreeSHAP values of rows, by looking them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from home_credit.default_risk.tree_shap.tables import build_tables
from home_credit.default_risk.tree_shap.trees import read_trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.default_risk.tree_shap.tables import Tables

FEW_ROWS = 512
"""Up to this number rows are looked up one by one; more rows group by group, at a cost that hardly depends on their
number."""

ROWS_AT_ONCE = 8
"""Rows whose conditions are computed together: few enough for the processor's cache."""

BLOCK = 4000
"""Rows looked up together, group by group. Not a power of two: such strides collide in the processor's cache."""


class Explanation(NamedTuple):
    """The scores of ``n`` rows and their explanation."""

    log_odds: NDArray[np.float64]
    """(n,) The raw score, bit for bit that of ``booster.predict(raw_score=True)``."""
    contributions: NDArray[np.float64]
    """(n, features) TreeSHAP values in log-odds; with the base value they add up to the raw score."""
    base_value: float
    """The log-odds that contributions start from: the mean over the training rows, as the trees count them."""


class TreeShap:
    """Exact path-dependent TreeSHAP of a LightGBM model; immutable, so safe to use from several threads.

    Contributions equal those of ``booster.predict(pred_contrib=True)`` but for rounding (within 1e-9). They are
    summed in the order of the trees for every number of rows: a row has the same bits alone and in a table.
    """

    def __init__(self, model: str) -> None:
        """Build the tables of ``model``, the return value of ``booster.model_to_string()``.

        Raises :class:`UnsupportedTreesError` for trees deeper than seven splits, and for the models that
        :func:`read_trees` does not support.
        """
        self._tables = build_tables(read_trees(model))

    @property
    def nbytes(self) -> int:
        """Bytes that the tables take."""
        tables = self._tables
        return tables.values.nbytes + tables.condition.nbytes + tables.feature.nbytes

    def explain(self, matrix: NDArray[np.float64]) -> Explanation:
        """Return log-odds and contributions for a matrix of rows by features, NaN being a missing value.

        Raises :class:`ValueError` where the matrix does not have the model's number of columns.
        """
        if matrix.shape[1:] != (self._tables.features,):
            raise ValueError(
                f"a matrix of shape {matrix.shape}, where the model has {self._tables.features} columns"
            )
        look_up = _row_by_row if len(matrix) <= FEW_ROWS else _group_by_group
        added = look_up(self._tables, matrix)
        return Explanation(added[:, -1].copy(), added[:, :-1], self._tables.base_value)


def _row_by_row(tables: Tables, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return contributions, and last the log-odds: (rows, features + 1)."""
    added = np.empty((len(matrix), tables.features + 1))
    feature = tables.feature.ravel()
    for begin in range(0, len(matrix), ROWS_AT_ONCE):
        holds = tables.conditions.of_rows(matrix[begin : begin + ROWS_AT_ONCE])
        bits = holds.take(tables.condition, axis=1).reshape(len(holds), -1)
        pattern = np.packbits(bits, axis=1, bitorder="little")
        values = tables.values.take(tables.first + pattern, axis=0).reshape(len(holds), -1)
        for row, value in enumerate(values, begin):
            added[row] = np.bincount(feature, weights=value, minlength=tables.features + 2)[:-1]
    return added


class _Group(NamedTuple):
    """A group of leaves as :func:`_add_groups` reads it."""

    conditions: list[int]
    """The conditions of the group, the last bit of the pattern first."""
    columns: list[tuple[int, NDArray[np.float64]]]
    """The columns that the group contributes to, and the contribution under each pattern."""


def _group_by_group(tables: Tables, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bits of :func:`_row_by_row`: each sum has the same terms in the same order."""
    out = np.empty((len(matrix), tables.features + 1))
    groups = _listed(tables)
    # Allocating memory costs more than the look-ups, so all blocks share one buffer.
    columns = np.empty((tables.features, BLOCK))
    holds = np.empty((len(tables.conditions), BLOCK), dtype=np.bool_)
    added = np.empty((tables.features + 1, BLOCK))
    for begin in range(0, len(matrix), BLOCK):
        rows = matrix[begin : begin + BLOCK]
        place = slice(len(rows))
        columns[:, place] = rows.T
        tables.conditions.of_columns(columns[:, place], holds[:, place])
        added[:, place] = 0.0
        _add_groups(groups, holds[:, place].view(np.uint8), added[:, place])
        out[begin : begin + BLOCK] = added[:, place].T
    return out


def _listed(tables: Tables) -> list[_Group]:
    nothing = tables.features + 1
    groups = []
    for group, (features, bits) in enumerate(zip(tables.feature.tolist(), tables.bits.tolist(), strict=True)):
        first = tables.first[group]
        values = tables.values[first : first + (1 << bits)].T.copy()
        conditions = tables.condition[group, :bits][::-1].tolist()
        columns = [pair for pair in zip(features, values, strict=True) if pair[0] != nothing]
        groups.append(_Group(conditions, columns))
    return groups


def _add_groups(groups: list[_Group], holds: NDArray[np.uint8], added: NDArray[np.float64]) -> None:
    """Add to ``added`` (features + 1, rows) what each group adds under the conditions that hold (C, rows)."""
    rows = holds.shape[1]
    pattern, place, value = np.empty(rows, dtype=np.uint8), np.empty(rows, dtype=np.intp), np.empty(rows)
    condition, total = list(holds), list(added)
    for conditions, columns in groups:
        pattern[:] = 0
        for number in conditions:
            np.add(pattern, pattern, out=pattern)
            np.bitwise_or(pattern, condition[number], out=pattern)
        place[:] = pattern
        for feature, column in columns:
            column.take(place, out=value, mode="clip")
            np.add(total[feature], value, out=total[feature])
