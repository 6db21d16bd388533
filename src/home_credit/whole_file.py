"""A file is written as a whole: a reader sees the earlier one or this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of the file at ``path``, where a killed process leaves the earlier one."""
    half = path.with_name(f"{path.name}.half")
    half.write_bytes(content)
    half.replace(path)
