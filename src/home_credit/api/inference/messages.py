"""What clients send and get: JSON, or JSON followed by the bytes of binary tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from jiter import from_json

from home_credit.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.features.rows import Numbers

MODEL_NAME = "home-credit"
OUTPUT = "probability_of_default"
# The length of the JSON at the start of a body, in bytes; binary tensors follow.
HEADER_LENGTH = "Inference-Header-Content-Length"
JSON, BINARY = "application/json", "application/octet-stream"


class InputParameters(msgspec.Struct):
    """Parameters of an input; others are ignored."""

    binary_data_size: int | None = None
    shared_memory_region: msgspec.Raw | None = None


class InputTensor(msgspec.Struct):
    """One input; ``data`` is flat in row-major order or nested by ``shape``, or follows the JSON as bytes."""

    name: str
    shape: list[int]
    datatype: str
    parameters: InputParameters | None = None
    data: msgspec.Raw = msgspec.Raw()


class OutputParameters(msgspec.Struct):
    """Parameters of a requested output; others are ignored."""

    binary_data: bool | None = None
    classification: msgspec.Raw | None = None
    shared_memory_region: msgspec.Raw | None = None


class RequestedOutput(msgspec.Struct):
    """An output that the client requests by name."""

    name: str
    parameters: OutputParameters | None = None


class RequestParameters(msgspec.Struct):
    """Parameters of a request; others are ignored."""

    binary_data_output: bool = False


class InferenceRequest(msgspec.Struct):
    """The JSON of a request."""

    inputs: list[InputTensor]
    id: str | None = None
    outputs: list[RequestedOutput] | None = None
    parameters: RequestParameters | None = None


class OutputTensor(msgspec.Struct, omit_defaults=True):
    """The output; ``data`` is absent where it follows the JSON as bytes."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, int] | None = None
    data: list[float] | None = None


class InferenceResponse(msgspec.Struct, omit_defaults=True):
    """The JSON of an answer; the parameter ``warnings`` names categories that the model does not know."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | None = None
    parameters: dict[str, list[str]] | None = None


_decode = msgspec.json.Decoder(InferenceRequest).decode
_encode = msgspec.json.Encoder().encode


def read(body: bytes, header_length: str | None) -> tuple[InferenceRequest, list[memoryview | None]]:
    """Return a request, and per input the bytes of its binary tensor (``None`` where it is JSON).

    ``header_length`` is the value of the header :data:`HEADER_LENGTH`. Raises :class:`BundleError` where the body is
    not a request, or the sizes of its tensors do not add up to the bytes sent. Nothing is decoded or copied here.
    """
    length = len(body) if header_length is None else _length(header_length, len(body))
    try:
        request = _decode(memoryview(body)[:length])
    except msgspec.ValidationError as error:
        raise BundleError("body", str(error).replace("`", "")) from error
    except (ValueError, RecursionError) as error:
        raise BundleError("body", f"not JSON: {error}") from error
    _check_outputs(request.outputs or ())
    return request, _buffers(request.inputs, memoryview(body)[length:])


def check_names(body: bytes, header_length: str | None) -> None:
    """Raise :class:`BundleError` where an object of a request that was read has a name twice.

    :func:`read` takes the last value of such a name. Every value is decoded here, so the request is checked first.
    """
    length = len(body) if header_length is None else int(header_length)
    try:
        from_json(body[:length], allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True)
    except ValueError as error:
        raise BundleError("body", f"not JSON: {error}") from error


def write(
    request: InferenceRequest, version: str, probabilities: Numbers, warnings: Sequence[str]
) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of the answer to a request."""
    asked = request.outputs[0].parameters if request.outputs else None
    binary = asked.binary_data if asked else None
    if binary is None:
        binary = request.parameters is not None and request.parameters.binary_data_output
    data = probabilities.astype("<f8").tobytes() if binary else b""
    output = OutputTensor(
        name=OUTPUT,
        shape=[len(probabilities)],
        datatype="FP64",
        parameters={"binary_data_size": len(data)} if binary else None,
        data=None if binary else probabilities.tolist(),
    )
    header = _encode(
        InferenceResponse(
            model_name=MODEL_NAME,
            model_version=version,
            outputs=[output],
            id=request.id,
            parameters={"warnings": list(warnings)} if warnings else None,
        )
    )
    if binary:
        return header + data, {"Content-Type": BINARY, HEADER_LENGTH: str(len(header))}
    return header, {"Content-Type": JSON}


def _length(text: str, most: int) -> int:
    # Python reads digits of other scripts, signs and underscores too; a longer number cannot be a length.
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        raise BundleError(HEADER_LENGTH, f"expected a length in bytes, at most that of the body ({most})")
    return int(text)


def _check_outputs(outputs: Sequence[RequestedOutput]) -> None:
    for index, output in enumerate(outputs):
        if output.name != OUTPUT or index > 0:
            raise BundleError(f"outputs[{index}].name", f"the only output is {OUTPUT}, once")
        if output.parameters and (output.parameters.classification or output.parameters.shared_memory_region):
            raise BundleError(f"outputs[{index}].parameters", "only binary_data is supported")


def _buffers(inputs: Sequence[InputTensor], rest: memoryview) -> list[memoryview | None]:
    buffers: list[memoryview | None] = []
    start = 0
    for index, tensor in enumerate(inputs):
        size = tensor.parameters.binary_data_size if tensor.parameters else None
        if tensor.parameters and tensor.parameters.shared_memory_region:
            raise BundleError(f"inputs[{index}].parameters", "shared memory is not supported")
        if (size is None) != bool(tensor.data):
            raise BundleError(f"inputs[{index}]", "expected either data or the parameter binary_data_size")
        if size is None:
            buffers.append(None)
            continue
        if not 0 <= size <= len(rest) - start:
            raise BundleError(
                f"inputs[{index}].parameters.binary_data_size",
                f"{len(rest) - start} bytes are left after the JSON and the tensors before",
            )
        buffers.append(rest[start : start + size])
        start += size
    if start != len(rest):
        raise BundleError("body", f"{len(rest) - start} bytes belong to no tensor")
    return buffers
