"""From feature rows to the matrix that the classifier reads; plain data, learnt from the training rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from home_credit.features.rows import FeatureRows


@dataclass(frozen=True)
class Preprocessor:
    """The features in the order of the matrix, the categories of those that are text, and the medians of the others.

    A category is coded by its place in the list; one never seen in training is a missing value. The medians are those
    of the training rows that have the value; reasons compare an applicant with them.
    """

    features: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    medians: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def fit(cls, rows: pl.DataFrame, features: Sequence[str]) -> Preprocessor:
        """Learn the categories of the text columns among ``features``, most frequent first, and the other medians."""
        numbers = [name for name in features if rows.schema[name] != pl.String]
        medians = rows.select(pl.col(numbers).median()).row(0, named=True) if numbers else {}
        return cls(
            tuple(features),
            {
                name: tuple(
                    rows.select(pl.col(name).drop_nulls().alias("category"))
                    .group_by("category")
                    .len()
                    .sort(["len", "category"], descending=[True, False])["category"]
                )
                for name in features
                if rows.schema[name] == pl.String
            },
            {name: median for name, median in medians.items() if median is not None},
        )

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical features in the matrix."""
        return [place for place, name in enumerate(self.features) if name in self.categories]

    def transform(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """Return the matrix, one row per row and one column per feature, missing values as NaN."""
        return rows.select(
            pl.col(name).replace_strict(
                {category: float(code) for code, category in enumerate(self.categories[name])},
                default=None,
                return_dtype=pl.Float64,
            )
            if name in self.categories
            else pl.col(name)
            for name in self.features
        ).to_numpy(order="c")

    def encode(self, rows: FeatureRows) -> NDArray[np.float64]:
        """Return the same matrix of feature rows that are plain arrays."""
        matrix = np.empty((rows.count, len(self.features)))
        for place, name in enumerate(self.features):
            codes = self._codes.get(name)
            matrix[:, place] = (
                rows.numbers[name]
                if codes is None
                else [codes.get(category, np.nan) for category in rows.categories[name]]
            )
        return matrix

    def unseen(self, rows: FeatureRows) -> list[list[str]]:
        """Return, per row, a warning for each category that training never saw."""
        warnings: list[list[str]] = [[] for _ in range(rows.count)]
        for name, codes in self._codes.items():
            for row, category in enumerate(rows.categories[name]):
                if category is not None and category not in codes:
                    warnings[row].append(f"{name}: {category!r} was never seen in training; taken as missing")
        return warnings

    @cached_property
    def _codes(self) -> dict[str, dict[str | None, float]]:
        """The number that stands for each category, by feature."""
        return {
            name: {category: float(code) for code, category in enumerate(known)}
            for name, known in self.categories.items()
        }

    def to_plain(self) -> dict[str, Any]:
        """Return dictionaries and lists that hold all of it."""
        return {
            "features": list(self.features),
            "categories": {name: list(values) for name, values in self.categories.items()},
            "medians": dict(self.medians),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Preprocessor:
        """Build from what :meth:`to_plain` returned."""
        return cls(
            tuple(plain["features"]),
            {name: tuple(values) for name, values in plain["categories"].items()},
            plain.get("medians", {}),
        )
