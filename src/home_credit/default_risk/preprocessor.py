"""From feature rows to the matrix that the classifier reads; plain data, learnt from the training rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from home_credit.features.rows import PLACES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from home_credit.features.rows import FeatureRows, Value


class PlainPreprocessor(TypedDict):
    """A preprocessor as it is stored."""

    features: list[str]
    categories: dict[str, list[str]]
    medians: dict[str, float]


@dataclass(frozen=True)
class Preprocessor:
    """The features in the order of the matrix, the categories of those that are text, and the medians of the others.

    A category is coded by its place in the list; one that is not in the training rows is a missing value. The medians
    are those of the training rows that have the value; reasons compare an applicant with them.
    """

    features: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    medians: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def fit(cls, rows: pl.DataFrame, features: Sequence[str]) -> Preprocessor:
        """Learn the categories of the text columns among ``features``, most frequent first, and the other medians."""
        texts = [name for name in features if rows[name].dtype.to_python() is str]
        medians = rows.select(name for name in features if name not in texts).median().to_dicts()
        return cls(
            tuple(features),
            {
                name: tuple(
                    rows[name]
                    .drop_nulls()
                    .value_counts()
                    .sort(["count", name], descending=[True, False])[name]
                )
                for name in texts
            },
            {name: median for each in medians for name, median in each.items() if median is not None},
        )

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical features in the matrix."""
        return [place for place, name in enumerate(self.features) if name in self.categories]

    def transform(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """Return the matrix, one row per row and one column per feature, missing values as NaN."""
        coded = {
            name: rows[name].replace_strict(codes, default=None).cast(float)
            for name, codes in self._codes.items()
        }
        return rows.select(self.features).with_columns(**coded).to_numpy(order="c")

    def encode(self, rows: FeatureRows) -> NDArray[np.float64]:
        """Return the same matrix for feature rows that are plain values."""
        vectors = [list(self._selected(row)) for row in rows.rows]
        for place, codes in self._coded:
            for vector in vectors:
                vector[place] = codes.get(vector[place], math.nan)
        # Packing takes a quarter of the time that NumPy takes to convert a list.
        packed = b"".join(self._packer.pack(*vector) for vector in vectors)
        return np.frombuffer(packed, dtype=np.float64).reshape(-1, len(self.features))

    def unseen(self, rows: FeatureRows) -> list[list[str]]:
        """Return, per row, a warning for each category that is not in the training rows."""
        return [
            [
                f"{name}: {category!r} was never seen in training; taken as missing"
                for name, codes in self._codes.items()
                if (category := row[PLACES[name]]) is not None and category not in codes
            ]
            for row in rows.rows
        ]

    @cached_property
    def _selected(self) -> Callable[[Sequence[Value]], Sequence[Value]]:
        """Return the values of the model's features among all features."""
        places = [PLACES[name] for name in self.features]
        return itemgetter(*places) if len(places) > 1 else lambda row: [row[place] for place in places]

    @cached_property
    def _packer(self) -> Struct:
        return Struct(f"{len(self.features)}d")

    @cached_property
    def _codes(self) -> dict[str, dict[Value, float]]:
        """The code of each category, by feature."""
        return {
            name: {category: float(code) for code, category in enumerate(known)}
            for name, known in self.categories.items()
        }

    @cached_property
    def _coded(self) -> list[tuple[int, dict[Value, float]]]:
        """The codes by position in the matrix."""
        return [(self.features.index(name), codes) for name, codes in self._codes.items()]

    def to_plain(self) -> PlainPreprocessor:
        """Return the state as dictionaries and lists."""
        return {
            "features": list(self.features),
            "categories": {name: list(values) for name, values in self.categories.items()},
            "medians": dict(self.medians),
        }

    @classmethod
    def from_plain(cls, plain: PlainPreprocessor) -> Preprocessor:
        """Build from what :meth:`to_plain` returned."""
        return cls(
            tuple(plain["features"]),
            {name: tuple(values) for name, values in plain["categories"].items()},
            plain.get("medians", {}),
        )
