"""The API key, where the operator has set one."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException

HEADER = "X-API-Key"
_header = APIKeyHeader(name=HEADER, auto_error=False, description="needed where the operator has set API_KEY")


async def require_key(request: Request, given: Annotated[str | None, Depends(_header)]) -> None:
    """Let the request pass if no key is set or it carries the one that is."""
    key: str | None = request.app.state.settings.api_key
    # Compared in constant time, so that the time to a refusal says nothing of the key.
    if key and not secrets.compare_digest((given or "").encode(), key.encode()):
        raise HTTPException(
            401, f"send the API key in the header {HEADER}", headers={"WWW-Authenticate": "ApiKey"}
        )
