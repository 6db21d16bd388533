"""Reads stored JSON, which may have been tampered with."""

from __future__ import annotations

import json
import zlib
from typing import Any, Final

from lz4.block import LZ4BlockError
from pydantic_core import from_json

# Exceptions of taking apart a stored text that is not what it should be.
UNREADABLE: Final = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    zlib.error,
    LZ4BlockError,
)


def parse(payload: bytes) -> Any:
    """Return the parsed JSON; raises :class:`ValueError` or :class:`RecursionError` for invalid JSON."""
    try:
        return from_json(payload)
    except ValueError:
        # The standard library is half as fast, but accepts the lone surrogates that its writer can produce.
        return json.loads(payload)
