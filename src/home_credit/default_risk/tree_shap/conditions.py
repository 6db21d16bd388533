"""The distinct conditions of a model's splits, each true or false for a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.default_risk.tree_shap.trees import Trees


@dataclass(frozen=True, slots=True)
class Conditions:
    """``C`` conditions: ``x <= threshold``, then ``x > threshold``, then "x is one of these categories".

    A missing value meets none of them, as NaN compares. A split whose missing values go left is therefore kept as
    the opposite condition, ``x > threshold``, which sends a row to the right where it holds.
    """

    feature: NDArray[np.intp]
    """(C,) The column that each condition reads."""
    threshold: NDArray[np.float64]
    """(numeric conditions,) The threshold of each."""
    at_most: int
    """The number of conditions ``x <= threshold``."""
    members: NDArray[np.bool_]
    """(categorical conditions, codes + 1) Whether a category is one of these; the last column is any other value."""
    of_split: NDArray[np.intp]
    """(S,) The condition of each split."""
    holds_left: NDArray[np.bool_]
    """(S,) Whether a row goes left where the condition holds, or where it does not."""

    @classmethod
    def of(cls, trees: Trees) -> Conditions:
        """Collect the conditions of ``trees``; equal numeric splits share one."""
        kind = np.where(trees.categorical, 2, trees.missing_left)
        # Categorical conditions are not shared: two splits seldom have the same categories.
        value = np.where(trees.categorical, np.arange(len(kind)), trees.threshold)
        order = np.lexsort((value, trees.feature, kind))
        keys = np.stack([kind, trees.feature, value], axis=1)[order]
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (keys[1:] != keys[:-1]).any(axis=1)
        of_split = np.empty(len(order), dtype=np.intp)
        of_split[order] = np.cumsum(first) - 1
        kinds = keys[first, 0]
        sets = [trees.categories[int(split)] for split in keys[first & (keys[:, 0] == 2), 2]]
        members = np.zeros((len(sets), 1 + max(map(len, sets), default=0)), dtype=np.bool_)
        for row, codes in enumerate(sets):
            members[row, : len(codes)] = codes
        return cls(
            feature=keys[first, 1].astype(np.intp),
            threshold=keys[first & (keys[:, 0] < 2), 2],
            at_most=int((kinds == 0).sum()),
            members=members,
            of_split=of_split,
            holds_left=kind != 1,
        )

    def __len__(self) -> int:
        return len(self.feature)

    def of_rows(self, matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return rows by ``C + 1`` conditions for a matrix of rows by features; the last one holds for no row."""
        numeric, low = len(self.threshold), self.at_most
        values = matrix.take(self.feature, axis=1)
        holds = np.zeros((len(matrix), len(self) + 1), dtype=np.bool_)
        np.less_equal(values[:, :low], self.threshold[:low], out=holds[:, :low])
        np.greater(values[:, low:numeric], self.threshold[low:], out=holds[:, low:numeric])
        first = np.arange(len(self.members)) * self.members.shape[1]
        self.members.take(first + self._codes(values[:, numeric:]), out=holds[:, numeric:-1])
        return holds

    def of_columns(self, columns: NDArray[np.float64], out: NDArray[np.bool_]) -> None:
        """Write ``C`` conditions by rows to ``out`` for a matrix of features by rows."""
        numeric, low, feature = len(self.threshold), self.at_most, self.feature.tolist()
        for number, threshold in enumerate(self.threshold):
            compare = np.less_equal if number < low else np.greater
            compare(columns[feature[number]], threshold, out=out[number])
        codes = {column: self._codes(columns[column]) for column in set(feature[numeric:])}
        for number, members in enumerate(self.members, numeric):
            members.take(codes[feature[number]], out=out[number], mode="clip")

    def _codes(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the columns of ``members`` for these values; an unknown category has the last column."""
        other = self.members.shape[1] - 1
        return np.where((values > -1) & (values < other), values, other).astype(np.intp)
