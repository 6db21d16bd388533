"""Metadata of the server and the model, in the protocol's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from home_credit import __version__
from home_credit.api.inference.messages import MODEL_NAME, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Live(BaseModel):
    """The server runs."""

    live: bool = True


class Ready(BaseModel):
    """Whether the server, or the model, can infer."""

    ready: bool


class Server(BaseModel):
    """The server's own metadata."""

    name: str = "home-credit-scoring"
    version: str = __version__
    extensions: list[str] = ["binary_tensor_data"]


class InferenceError(BaseModel):
    """An error in the protocol's form."""

    error: str


class TensorParameters(BaseModel):
    """How MLServer decodes a tensor of text, and the categories in the order of their places."""

    content_type: Literal["str"] = "str"
    categories: list[str]


class TensorFacts(BaseModel):
    """Name, type and shape of an input or output; -1 is any number of rows."""

    name: str
    datatype: Literal["FP64", "BYTES"]
    shape: list[int] = [-1]
    parameters: TensorParameters | None = None


class ModelMetadata(BaseModel):
    """Name, inputs and outputs of the model, for a client that calls it."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorFacts]
    outputs: list[TensorFacts]


def metadata(version: str, features: Sequence[str], categories: Mapping[str, Sequence[str]]) -> ModelMetadata:
    """Return the metadata of the model; categories are BYTES, all other features FP64."""
    return ModelMetadata(
        name=MODEL_NAME,
        versions=[version],
        platform="lightgbm",
        inputs=[
            TensorFacts(
                name=name, datatype="BYTES", parameters=TensorParameters(categories=list(categories[name]))
            )
            if name in categories
            else TensorFacts(name=name, datatype="FP64")
            for name in features
        ],
        outputs=[TensorFacts(name=OUTPUT, datatype="FP64")],
    )
