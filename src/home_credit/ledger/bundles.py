"""The rows of a decision as they are stored: compressed, beside the payload that holds their digest."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any, Final, NamedTuple, Self

from pydantic_core import PydanticSerializationError, to_json

from home_credit.errors import BrokenRecordError
from home_credit.ledger.parsing import UNREADABLE, parse

LEVEL = 1  # level 6 takes twice the time for a sixth fewer bytes
ROWS: Final = "rows"
COLUMNS: Final = "columns"


class StoredBundle(NamedTuple):
    """Rows by table, encoded.

    The encoding ``rows`` is compressed JSON of the rows by table. ``columns`` is three compressed JSON texts, one
    after the other: the names of the columns by table, the application first; the values of the application in that
    order; and for each history a list of columns. What is missing in a history is null there, and left out of the
    rows; the application keeps its nulls.
    """

    encoding: str
    content: bytes

    @classmethod
    def of_rows(cls, rows: dict[str, object]) -> Self:
        """Encode rows in JSON types.

        Raises :class:`ValueError` for a number that is not finite, and :class:`TypeError` for what is not JSON.
        """
        return cls(ROWS, zlib.compress(encoded(rows), LEVEL))

    @classmethod
    def of_json(cls, rows: bytes) -> Self:
        """Encode the JSON text of rows, which was parsed before."""
        return cls(ROWS, zlib.compress(rows, LEVEL))

    @classmethod
    def of_columns(cls, names: bytes, application: bytes, histories: bytes) -> Self:
        """Take the three texts of the encoding ``columns``, compressed already: no row is decoded."""
        return cls(COLUMNS, names + application + histories)

    @property
    def digest(self) -> str:
        """The SHA-256 of the content."""
        return hashlib.sha256(self.content).hexdigest()

    def rows(self) -> dict[str, Any]:
        """Return the rows by table; raises :class:`BrokenRecordError` where they cannot be decoded."""
        try:
            texts = [parse(text) for text in _decompressed(self.content)]
            if self.encoding == ROWS:
                (rows,) = texts
                return dict(rows)
            if self.encoding == COLUMNS:
                return _of_columns(*texts)
        except UNREADABLE as error:
            raise BrokenRecordError(f"its rows cannot be decoded: {error!r}") from error
        raise BrokenRecordError(f"its rows have an unknown encoding: {self.encoding}")


def encoded(value: Any) -> bytes:
    """Return the JSON of a value in JSON types; floats have the digits that restore their bits.

    Raises :class:`ValueError` for a number that is not finite, and :class:`TypeError` for what is not JSON.
    """
    try:
        text = to_json(value, inf_nan_mode="constants")
    except PydanticSerializationError:
        text = b"NaN"  # for instance a lone surrogate, which the standard library writes as an escape
    if b"NaN" in text or b"Infinity" in text:
        # Not a number, or these letters in a text: the strict encoder tells them apart.
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    return text


def _decompressed(content: bytes) -> list[bytes]:
    """Return the texts of compressed streams that follow one another."""
    texts = []
    while content:
        stream = zlib.decompressobj()
        texts.append(stream.decompress(content))
        if not stream.eof:
            raise ValueError("a compressed text is cut")
        content = stream.unused_data
    return texts


def _of_columns(
    names: dict[str, list[str]], application: list[Any], histories: list[list[list[Any]]]
) -> dict[str, Any]:
    (first, columns), *others = names.items()
    rows: dict[str, Any] = {first: dict(zip(columns, application, strict=True))}
    for (table, columns), values in zip(others, histories, strict=True):
        rows[table] = [
            {name: value for name, value in zip(columns, row, strict=True) if value is not None}
            for row in zip(*values, strict=True)
        ]
    return rows
