"""Ids of decisions: UUIDs of version 7 (RFC 9562), which begin with the time.

Ids made one after the other are neighbours in their index, so that a group of decisions changes one or two of its
pages; each random id would change a page of its own.
"""

from __future__ import annotations

import os
import time

VERSION_7, VARIANT = 0x7 << 76, 0x2 << 62


def new_id() -> str:
    """Return a new id: 48 bits of milliseconds since 1970, then 74 random bits beside version and variant."""
    random = int.from_bytes(os.urandom(10))
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | VERSION_7 | random >> 68 << 64 | VARIANT | random & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
