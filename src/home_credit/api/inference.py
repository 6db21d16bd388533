"""Tensors of the Open Inference Protocol (version 2) to feature vectors and back."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from home_credit.errors import BundleError
from home_credit.features.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MODEL_NAME = "home-credit"
OUTPUT = "probability_of_default"
Value = float | str | None
NUMBERS = {
    "FP64",
    "FP32",
    "FP16",
    "INT64",
    "INT32",
    "INT16",
    "INT8",
    "UINT64",
    "UINT32",
    "UINT16",
    "UINT8",
    "BOOL",
}


class Tensor(BaseModel):
    """One tensor; ``data`` is flat in row-major order, or nested by ``shape``. ``null`` is a missing value."""

    name: str
    shape: list[int] = Field(min_length=1, max_length=2)
    datatype: str
    data: list[object]


class RequestedOutput(BaseModel):
    """An output that the client requests by name."""

    name: str


class InferenceRequest(BaseModel):
    """Either one FP64 tensor [n, features] in the order of the metadata, or one tensor [n] per feature."""

    id: str | None = None
    inputs: list[Tensor] = Field(min_length=1)
    outputs: list[RequestedOutput] | None = None


class InferenceResponse(BaseModel):
    """The probability of default of each row."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[Tensor]


class TensorFacts(BaseModel):
    """Name, type and shape of an input or output; -1 is any number of rows."""

    name: str
    datatype: Literal["FP64", "BYTES"]
    shape: list[int]


class ModelMetadata(BaseModel):
    """Name, inputs and outputs of the model, for a client that calls it."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorFacts]
    outputs: list[TensorFacts]


def metadata(version: str, features: Sequence[str]) -> ModelMetadata:
    """Return the metadata of the model; categories are BYTES, all other features FP64."""
    return ModelMetadata(
        name=MODEL_NAME,
        versions=[version],
        platform="lightgbm",
        inputs=[
            TensorFacts(name=name, datatype="BYTES" if _is_category(name) else "FP64", shape=[-1])
            for name in features
        ],
        outputs=[TensorFacts(name=OUTPUT, datatype="FP64", shape=[-1])],
    )


def vectors(request: InferenceRequest, features: Sequence[str]) -> list[dict[str, Value]]:
    """Return the feature vectors of a request; raises :class:`BundleError` naming the invalid tensor."""
    for index, output in enumerate(request.outputs or ()):
        if output.name != OUTPUT:
            raise BundleError(f"outputs[{index}].name", f"the only output is {OUTPUT}")
    first = request.inputs[0]
    if len(request.inputs) == 1 and len(first.shape) == 2 and first.name not in features:
        return _of_matrix(first, features)
    return _of_columns(request.inputs, features)


def response(request: InferenceRequest, version: str, probabilities: list[float]) -> InferenceResponse:
    """Return the answer to a request."""
    output = Tensor(name=OUTPUT, shape=[len(probabilities)], datatype="FP64", data=probabilities)
    return InferenceResponse(model_name=MODEL_NAME, model_version=version, id=request.id, outputs=[output])


def _is_category(feature: str) -> bool:
    return CATALOGUE[feature].kind == "category"


def _of_matrix(tensor: Tensor, features: Sequence[str]) -> list[dict[str, Value]]:
    rows, columns = tensor.shape
    if columns != len(features):
        raise BundleError("inputs[0].shape", f"the model has {len(features)} features, not {columns}")
    if tensor.datatype not in NUMBERS:
        raise BundleError("inputs[0].datatype", "a tensor of all features is FP64")
    flat = _flat(tensor, 0)
    # A numeric tensor cannot hold a category: it is null there, or the client sends one tensor per feature.
    return [
        {
            name: _value(flat[row * columns + column], name, f"inputs[0].data[{row}][{column}]")
            for column, name in enumerate(features)
        }
        for row in range(rows)
    ]


def _of_columns(tensors: Sequence[Tensor], features: Sequence[str]) -> list[dict[str, Value]]:
    rows = tensors[0].shape[0]
    known, columns = frozenset(features), dict[str, list[Value]]()
    for index, tensor in enumerate(tensors):
        at = f"inputs[{index}]"
        if tensor.name not in known:
            raise BundleError(f"{at}.name", f"the model has no feature {tensor.name}")
        if tensor.name in columns:
            raise BundleError(f"{at}.name", f"{tensor.name} is given twice")
        if tensor.shape[0] != rows or tensor.shape[1:] not in ([], [1]):
            raise BundleError(f"{at}.shape", f"expected [{rows}] or [{rows}, 1]")
        if tensor.datatype not in ({"BYTES"} if _is_category(tensor.name) else NUMBERS):
            expected = "BYTES" if _is_category(tensor.name) else "FP64"
            raise BundleError(f"{at}.datatype", f"{tensor.name} is {expected}")
        columns[tensor.name] = [
            _value(value, tensor.name, f"{at}.data[{row}]") for row, value in enumerate(_flat(tensor, index))
        ]
    # An absent feature may be a mistake of the client, so it is an error; a missing value is an explicit null.
    if missing := [name for name in features if name not in columns]:
        raise BundleError("inputs", f"{len(missing)} features are not given, the first is {missing[0]}")
    return [{name: columns[name][row] for name in features} for row in range(rows)]


def _flat(tensor: Tensor, index: int) -> list[object]:
    flat = list(_leaves(tensor.data))
    size = 1
    for length in tensor.shape:
        size *= length
    if min(tensor.shape) < 1 or len(flat) != size:
        raise BundleError(f"inputs[{index}].data", f"{len(flat)} values do not fill shape {tensor.shape}")
    return flat


def _leaves(data: Iterable[object]) -> Iterator[object]:
    for value in data:
        if isinstance(value, list):
            yield from _leaves(value)
        else:
            yield value


def _value(value: object, feature: str, field: str) -> Value:
    if value is None:
        return None
    if _is_category(feature):
        if isinstance(value, str):
            return value
        raise BundleError(field, f"{feature} is a category: text, or null")
    if not isinstance(value, (int, float)):
        raise BundleError(field, f"{feature} is a number, or null")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if isinf(number):
        raise BundleError(field, "the number is too large")
    return number
