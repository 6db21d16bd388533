"""Request bodies as sent: compressed or not, and no larger than allowed."""

from __future__ import annotations

import zlib

from starlette.exceptions import HTTPException

from home_credit.errors import BundleError

# Window sizes by which zlib knows the two formats.
_FORMATS = {"gzip": 31, "deflate": zlib.MAX_WBITS}


def inflated(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Return a body without its ``Content-Encoding``.

    Raises HTTP 413 as soon as it has more than ``max_bytes``, 415 for another encoding than gzip or deflate, and
    :class:`BundleError` where the body is not in its encoding.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding not in _FORMATS:
        raise HTTPException(415, "the request body may be sent as it is, or with gzip or deflate")
    inflater = zlib.decompressobj(_FORMATS[encoding])
    try:
        plain = inflater.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise BundleError("body", f"not in the format {encoding}: {error}") from error
    if len(plain) > max_bytes:
        raise HTTPException(413, f"a request body may have at most {max_bytes} bytes, also after {encoding}")
    if not inflater.eof or inflater.unused_data:
        raise BundleError("body", f"not in the format {encoding}: it is cut off, or has something after it")
    return plain
