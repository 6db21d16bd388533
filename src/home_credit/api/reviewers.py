"""Who reviews a decision: the holder of the key, or the person that a key with the right to act for others names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from home_credit.api.authentication import caller_of
from home_credit.decisioning.service import Reviewer

if TYPE_CHECKING:
    from starlette.requests import Request

REVIEWER = "X-Reviewer"
OPEN_REVIEWER = "demo"  # where the API answers without a key
LONGEST = 200  # characters


def reviewer_of(request: Request, forwarded: str | None) -> Reviewer:
    """Return who reviews; ``forwarded`` is the value of the header :data:`REVIEWER`.

    Raises 403 where the key may not act for others, and 422 for a header that names nobody.
    """
    caller = caller_of(request)
    own = caller.name or OPEN_REVIEWER
    if forwarded is None:
        return Reviewer(own)
    if not caller.may(frozenset({"act-for"})):
        raise HTTPException(403, f"the header {REVIEWER} needs a key with the scope act-for")
    return Reviewer(_name(forwarded), own)


def _name(value: str) -> str:
    try:
        name = " ".join(unquote(value, errors="strict").split())
    except UnicodeDecodeError:
        name = ""
    if not 0 < len(name) <= LONGEST or not name.isprintable():
        problem = f"must be a name of 1 to {LONGEST} characters, percent-encoded"
        raise RequestValidationError([{"type": "value_error", "loc": ("header", REVIEWER), "msg": problem}])
    return name
