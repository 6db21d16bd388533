"""Authentication by API key, if the operator has set one."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException

HEADER = "X-API-Key"
_header = APIKeyHeader(name=HEADER, auto_error=False, description="required if the operator has set API_KEY")


async def require_key(request: Request, given: Annotated[str | None, Depends(_header)]) -> None:
    """Accept the request if no key is set or the request carries it; raise 401 otherwise."""
    key: str | None = request.app.state.settings.api_key
    # Compared in constant time, so that the response time reveals nothing about the key.
    if key and not secrets.compare_digest((given or "").encode(), key.encode()):
        raise HTTPException(
            401, f"send the API key in the header {HEADER}", headers={"WWW-Authenticate": "ApiKey"}
        )
