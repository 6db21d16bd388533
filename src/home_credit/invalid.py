"""What pydantic found invalid, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def first_fault(error: ValidationError, whole: str = "") -> str:
    """Return the place and the message of the first fault; ``whole`` names the input where the fault has no place.

    The value itself is left out: it may be a secret, or a person's.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or whole
    return f"{place}: {first['msg']}"
