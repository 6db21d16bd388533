"""From the tensors of a request to the matrix that the model reads."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from home_credit.api.inference.tensors import NUMBERS, TEXT, numbers, texts
from home_credit.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.api.inference.messages import InputTensor
    from home_credit.decisioning.scoring import Scorer
    from home_credit.features.rows import Numbers

MAX_ROWS = 1_024
MAX_WARNINGS = 10


class Vectors(NamedTuple):
    """Rows of the model's matrix, and a warning for each category that the model does not know."""

    matrix: Numbers
    warnings: Sequence[str]


@lru_cache(maxsize=1)
def reader(scorer: Scorer) -> VectorReader:
    """Return the reader of a scorer's feature vector; that of the last scorer is kept."""
    return VectorReader(scorer.features, scorer.categories)


class VectorReader:
    """Reads either one numeric tensor [n, features] in the order of the metadata, or one tensor [n] per feature.

    A category is text in a tensor of its own, and its place in the list of categories in the tensor of all features.
    NaN, ``null``, empty text and unknown text are missing values.
    """

    def __init__(self, features: Sequence[str], categories: Mapping[str, Sequence[str]]) -> None:
        self._features = features
        self._places = {name: place for place, name in enumerate(features)}
        self._codes = {name: _codes(known) for name, known in categories.items()}
        self._coded = np.array([self._places[name] for name in categories], dtype=np.intp)
        self._known = np.array([len(known) for known in categories.values()])

    def read(self, inputs: Sequence[InputTensor], buffers: Sequence[memoryview | None]) -> Vectors:
        """Return the vectors; raises :class:`BundleError` naming the tensor that does not fit."""
        if not inputs:
            raise BundleError("inputs", "at least one tensor is needed")
        for index, tensor in enumerate(inputs):
            _check_shape(tensor, f"inputs[{index}]")
        first = inputs[0]
        if len(inputs) == 1 and len(first.shape) == 2 and first.name not in self._places:
            return Vectors(self._of_matrix(first, buffers[0]), ())
        return self._of_columns(inputs, buffers)

    def _of_matrix(self, tensor: InputTensor, buffer: memoryview | None) -> Numbers:
        if tensor.shape[1] != len(self._features):
            raise BundleError(
                "inputs[0].shape", f"the model has {len(self._features)} features, not {tensor.shape[1]}"
            )
        _check_type(tensor, "inputs[0]", "a tensor of all features", category=False)
        matrix = numbers(tensor, buffer, "inputs[0]").astype(np.float64)
        self._check_finite(matrix)
        codes = matrix[:, self._coded]
        wrong = ~np.isnan(codes) & ~((codes >= 0) & (codes < self._known) & (codes == np.floor(codes)))
        if wrong.any():
            row, place = (int(found[0]) for found in wrong.nonzero())
            column = int(self._coded[place])
            raise BundleError(
                f"inputs[0].data[{row}][{column}]",
                f"{self._features[column]} is the place of a category, 0 to {self._known[place] - 1}, or missing",
            )
        return matrix

    def _of_columns(self, inputs: Sequence[InputTensor], buffers: Sequence[memoryview | None]) -> Vectors:
        rows, given = inputs[0].shape[0], set[str]()
        matrix, unknown = np.empty((rows, len(self._features))), list[str]()
        for index, (tensor, buffer) in enumerate(zip(inputs, buffers, strict=True)):
            at, name = f"inputs[{index}]", tensor.name
            if name not in self._places or name in given:
                reason = "given twice" if name in given else "no feature of the model"
                raise BundleError(f"{at}.name", f"{name[:60]!r} is {reason}")
            if tensor.shape not in ([rows], [rows, 1]):
                raise BundleError(f"{at}.shape", f"expected [{rows}] or [{rows}, 1]")
            given.add(name)
            codes = self._codes.get(name)
            _check_type(tensor, at, name, category=codes is not None)
            column = matrix[:, self._places[name]]
            if codes is None:
                column[:] = numbers(tensor, buffer, at).ravel()
            else:
                found = texts(tensor, buffer, at)
                column[:] = [codes.get(text, math.nan) for text in found]
                unknown += [_unknown(name, text) for text in dict.fromkeys(found) if text not in codes]
        # An absent feature may be a mistake of the client, so it is an error; a missing value is explicit.
        if missing := [name for name in self._features if name not in given]:
            raise BundleError("inputs", f"{len(missing)} features are not given, the first is {missing[0]}")
        self._check_finite(matrix)
        return Vectors(matrix, unknown[:MAX_WARNINGS])

    def _check_finite(self, matrix: Numbers) -> None:
        infinite = np.isinf(matrix)
        if infinite.any():
            row, column = (int(found[0]) for found in infinite.nonzero())
            raise BundleError(self._features[column], f"the number of row {row} is infinite, or too large")


def _codes(known: Sequence[str]) -> dict[bytes | str | None, float]:
    codes: dict[bytes | str | None, float] = {None: math.nan, "": math.nan, b"": math.nan}
    for code, category in enumerate(known):
        codes[category] = codes[category.encode()] = float(code)
    return codes


def _unknown(feature: str, text: bytes | str | None) -> str:
    shown = text.decode(errors="replace") if isinstance(text, bytes) else text or ""
    return f"{feature}: {shown[:60]!r} was never seen in training; taken as missing"


def _check_shape(tensor: InputTensor, field: str) -> None:
    if not 1 <= len(tensor.shape) <= 2 or min(tensor.shape) < 1:
        raise BundleError(f"{field}.shape", "expected one or two lengths, each at least 1")
    if tensor.shape[0] > MAX_ROWS:
        raise BundleError(f"{field}.shape", f"a request may have at most {MAX_ROWS} rows")


def _check_type(tensor: InputTensor, field: str, name: str, *, category: bool) -> None:
    if (tensor.datatype != TEXT) if category else (tensor.datatype not in NUMBERS):
        expected = TEXT if category else "FP64, or another numeric type"
        raise BundleError(f"{field}.datatype", f"{name} is {expected}")
