"""From feature rows to the matrix that the classifier reads; plain data, learnt from the training rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
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

    def unseen(self, rows: pl.DataFrame) -> list[list[str]]:
        """Return, per row, a warning for each category that training never saw."""
        warnings: list[list[str]] = [[] for _ in range(len(rows))]
        for name, known in self.categories.items():
            new = rows[name].is_not_null() & ~rows[name].is_in(list(known))
            for row in new.arg_true():
                warnings[row].append(
                    f"{name}: {rows[name][row]!r} was never seen in training; taken as missing"
                )
        return warnings

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
