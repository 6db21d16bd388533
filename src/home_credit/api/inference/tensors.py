"""Values of one tensor, from JSON or from bytes in little-endian, row-major order."""

from __future__ import annotations

import math
from struct import unpack_from
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from home_credit.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from home_credit.api.inference.messages import InputTensor

NUMBERS: Mapping[str, np.dtype[np.generic]] = {
    name: np.dtype(code)
    for name, code in {
        "FP64": "<f8",
        "FP32": "<f4",
        "FP16": "<f2",
        "INT64": "<i8",
        "INT32": "<i4",
        "INT16": "<i2",
        "INT8": "i1",
        "UINT64": "<u8",
        "UINT32": "<u4",
        "UINT16": "<u2",
        "UINT8": "u1",
        "BOOL": "?",
    }.items()
}
TEXT = "BYTES"

_flat_numbers = msgspec.json.Decoder(list[float | bool | None]).decode
_nested_numbers = msgspec.json.Decoder(list[list[float | bool | None]]).decode
_flat_texts = msgspec.json.Decoder(list[str | None]).decode
_nested_texts = msgspec.json.Decoder(list[list[str | None]]).decode


def numbers(tensor: InputTensor, buffer: memoryview | None, field: str) -> NDArray[Any]:
    """Return the numbers of a tensor in its shape and of some numeric type, missing ones (``null``) as NaN.

    Raises :class:`BundleError` where the values do not fill the shape, before they are decoded. The caller has limited
    the shape.
    """
    size = math.prod(tensor.shape)
    return _json_numbers(tensor, size, field) if buffer is None else _binary(tensor, buffer, size, field)


def texts(tensor: InputTensor, buffer: memoryview | None, field: str) -> Sequence[bytes | str | None]:
    """Return the elements of a tensor of type BYTES, ``None`` where one is ``null``.

    Raises :class:`BundleError` where they do not fill the shape; the caller has limited it.
    """
    size = math.prod(tensor.shape)
    found = _json_texts(tensor, field) if buffer is None else _elements(buffer, size, field)
    if len(found) != size:
        raise _unfilled(field, len(found), tensor)
    return found


def _binary(tensor: InputTensor, buffer: memoryview, size: int, field: str) -> NDArray[Any]:
    kind = NUMBERS[tensor.datatype]
    if len(buffer) != size * kind.itemsize:
        raise BundleError(
            f"{field}.parameters.binary_data_size",
            f"{tensor.datatype} of shape {tensor.shape} has {size * kind.itemsize} bytes, not {len(buffer)}",
        )
    return np.frombuffer(buffer, kind).reshape(tensor.shape)


def _json_numbers(tensor: InputTensor, size: int, field: str) -> NDArray[Any]:
    text = bytes(tensor.data)
    # An array of numbers, nested or not, has one comma less than numbers.
    if text.count(b",") + 1 != size:
        raise _unfilled(field, text.count(b",") + 1, tensor)
    try:
        values = np.array((_nested_numbers if _nested(text) else _flat_numbers)(text), dtype=np.float64)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{field}.data", f"expected numbers or null: {error}".replace("`", "")) from error
    if values.size != size or (values.ndim > 1 and list(values.shape) != tensor.shape):
        raise _unfilled(field, values.size, tensor)
    return values.reshape(tensor.shape)


def _json_texts(tensor: InputTensor, field: str) -> list[str | None]:
    text = bytes(tensor.data)
    try:
        if _nested(text):
            return [element for row in _nested_texts(text) for element in row]
        return _flat_texts(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{field}.data", f"expected text or null: {error}".replace("`", "")) from error


def _elements(buffer: memoryview, size: int, field: str) -> list[bytes]:
    """Return the elements of binary BYTES: each is its length in four bytes, then that many bytes."""
    found, start = [], 0
    for _ in range(size):
        if start + 4 > len(buffer):
            break
        end = start + 4 + unpack_from("<I", buffer, start)[0]
        if end > len(buffer):
            break
        found.append(bytes(buffer[start + 4 : end]))
        start = end
    if start != len(buffer):
        raise BundleError(f"{field}.data", "the lengths of its elements do not add up to binary_data_size")
    return found


def _nested(text: bytes) -> bool:
    return text[1:].lstrip()[:1] == b"["


def _unfilled(field: str, values: int, tensor: InputTensor) -> BundleError:
    return BundleError(f"{field}.data", f"{values} values do not fill shape {tensor.shape}")
