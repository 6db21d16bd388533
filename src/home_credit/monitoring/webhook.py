"""Tells an alarm to another service: a signed request, repeated until it is accepted.

The header ``X-Home-Credit-Signature`` is ``t=SECONDS,v1=HEX``: the time of signing and the HMAC-SHA256, under the
secret that both sides know, of that time, a full stop and the body. The receiver computes it again, and refuses an old
time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from home_credit.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.schemas.verdicts import StoredVerdict

SIGNATURE = "X-Home-Credit-Signature"
ATTEMPTS, SECONDS = 5, 10.0
# A receiver that answers with one of these may accept the request later.
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


def send(verdict: StoredVerdict, url: str, secret: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Send the alarm to ``url``, at most five times, pausing for 1, 2, 4 and 8 seconds.

    Raises :class:`UnavailableError` where it was not accepted; its text does not contain the address, which may hold a
    secret.
    """
    body = content(verdict)
    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(max=SECONDS),
        retry=retry_if_exception(_passing),
        sleep=sleep,
        reraise=True,
    )
    try:
        for attempt in attempts:
            with attempt:
                headers = {
                    SIGNATURE: signature(body, secret, int(time.time())),
                    "Content-Type": "application/json",
                }
                httpx.post(url, content=body, headers=headers, timeout=SECONDS).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise UnavailableError(f"the alarm was not accepted: status {error.response.status_code}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnavailableError(f"the alarm was not accepted: {type(error).__name__}") from None


def signature(body: bytes, secret: str, moment: int) -> str:
    """Return the value of the header for a body that is signed at ``moment``, in seconds since 1970."""
    digest = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def content(verdict: StoredVerdict) -> bytes:
    """Return the body: the verdict with its material causes, without the columns and the trend."""
    said = verdict.model_dump(mode="json", exclude={"columns", "trend", "causes"})
    said["causes"] = [cause.model_dump(mode="json") for cause in verdict.causes if cause.material]
    return json.dumps(said).encode()


def _passing(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in LATER
    return isinstance(error, httpx.TransportError)
