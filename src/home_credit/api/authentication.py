"""Authentication by API key, before anything of a request but its head is read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import time
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal, NamedTuple

from starlette.exceptions import HTTPException

from home_credit.api.keys import RESERVED, SCOPES, KeyFile
from home_credit.api.problems import response_of
from home_credit.api.rules import Work, rule_of
from home_credit.errors import KeyFileError, MissingKeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from home_credit.api.keys import KeyScope
    from home_credit.api.limits import RateLimits
    from home_credit.api.rules import Rule
    from home_credit.config import Settings

logger = logging.getLogger(__name__)

HEADER = "X-API-Key"
REREAD_SECONDS = 1.0
# A browser cannot send a header of its own; here the key may be the password of HTTP Basic.
BROWSED = ("/docs", "/openapi.json")
STORES = ("database_url", "applicants_url")


class Caller(NamedTuple):
    """Who sent a request: the name and scopes of its key. ``name`` is ``None`` where the API is open."""

    name: str | None
    scopes: frozenset[KeyScope]

    def may(self, scopes: frozenset[KeyScope]) -> bool:
        """Whether the caller has one of these scopes; ``admin`` includes every scope."""
        return not scopes or not scopes.isdisjoint(self.scopes) or "admin" in self.scopes


ANYBODY = Caller(None, frozenset(SCOPES))
UNKNOWN = Caller(None, frozenset())

Mode = Literal["keys", "demo", "loopback"]


def mode_of(settings: Settings) -> Mode:
    """Return who is answered: holders of a key, everybody (demo), or this machine alone.

    Raises :class:`MissingKeyError` for a demo that would serve another database than the image's own.
    """
    if settings.api_key or settings.api_keys_file:
        return "keys"
    if not settings.demo:
        return "loopback"
    for name in STORES:
        if getattr(settings, name) != type(settings).model_fields[name].default:
            raise MissingKeyError(
                f"{name.upper()} is only taken together with a key: set API_KEY (or API_KEYS_FILE) as well"
            )
    return "demo"


def caller_of(request: Request) -> Caller:
    """Return who sent a request."""
    caller: Caller = request.state.caller
    return caller


class Access:
    """Finds the caller of a request. The file of keys is read again soon after it changes.

    Keys are found by their SHA-256 in a dictionary. The time of that depends on the hash of what was sent, which
    nobody can choose, and so reveals nothing of the keys.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.mode = mode_of(settings)
        self._clock = clock
        self._path = settings.api_keys_file
        self._given = (
            {_digest(settings.api_key.encode()): Caller(RESERVED, ANYBODY.scopes)} if settings.api_key else {}
        )
        self._keys: Mapping[bytes, Caller] = self._given
        self._read_at, self._state = float("-inf"), object()

    def caller(self, scope: Scope) -> Caller | None:
        """Return the caller; ``None`` where a key is needed and none, or a wrong one, was sent."""
        if self.mode == "keys":
            key = _key(scope)
            return self._current().get(_digest(key)) if key else None
        return ANYBODY if self.mode == "demo" or _is_here(scope) else None

    def _current(self) -> Mapping[bytes, Caller]:
        now = self._clock()
        if self._path is not None and now - self._read_at >= REREAD_SECONDS:
            self._read_at = now
            state = _state(self._path)
            if state != self._state:
                self._state = state
                self._keys = {**self._stored(KeyFile(self._path)), **self._given}
        return self._keys

    def _stored(self, file: KeyFile) -> dict[bytes, Caller]:
        try:
            keys = file.read()
        except KeyFileError as error:
            logger.error("no key of the file is accepted: %s", error)  # the cause is in the message
            return {}
        return {
            bytes.fromhex(key.sha256): Caller(key.name, frozenset(key.scopes))
            for key in keys
            if key.revoked_at is None
        }


class Authentication:
    """Sets ``request.state.caller`` and ``rule``, or answers 401, 403 or 429."""

    def __init__(self, app: ASGIApp, access: Access, limits: RateLimits) -> None:
        self._app, self._access, self._limits = app, access, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule = rule_of(scope["method"], scope["path"])
        caller = self._access.caller(scope)
        state = scope.setdefault("state", {})
        state["rule"], state["caller"] = rule, caller or UNKNOWN
        refused = self._refused(scope, rule, caller)
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await response_of(refused)(scope, receive, send)

    def _refused(self, scope: Scope, rule: Rule, caller: Caller | None) -> HTTPException | None:
        unknown = bool(rule.scopes) and caller is None
        limited = unknown or rule.work is not Work.PROBE
        if limited and (wait := self._limits.wait(caller and caller.name, scope.get("client"))):
            return HTTPException(429, f"too many requests; wait {wait} s", headers={"Retry-After": str(wait)})
        if unknown:
            scheme = 'Basic realm="API key as password"' if _browsed(scope) else "ApiKey"
            detail = f"send an API key in the header {HEADER}"
            if self._access.mode == "loopback":
                detail = "no key is set, so this API answers its own machine only"
            return HTTPException(401, detail, headers={"WWW-Authenticate": scheme})
        if caller and not caller.may(rule.scopes):
            return HTTPException(403, f"this needs a key with the scope {' or '.join(sorted(rule.scopes))}")
        return None


def _key(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return bytes(value)
        if name == b"authorization" and value[:6].lower() == b"basic " and _browsed(scope):
            try:
                return base64.b64decode(value[6:], validate=True).partition(b":")[2]
            except binascii.Error:
                return b""
    return b""


def _browsed(scope: Scope) -> bool:
    return scope["method"] in {"GET", "HEAD"} and scope["path"].startswith(BROWSED)


def _is_here(scope: Scope) -> bool:
    """Whether a request comes from this machine and was not passed on by a proxy for another one.

    A server that is no IP address is a local socket, or the application called in its own process.
    """
    server, client = scope.get("server"), scope.get("client")
    if not server:
        return False
    here = _is_loopback(server[0])
    return here is None or (here and client is not None and _is_loopback(client[0]) is True)


@lru_cache(maxsize=1_024)
def _is_loopback(host: str) -> bool | None:
    """Whether an IP address is one of this machine; ``None`` for what is no IP address."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what changes whenever the file is replaced; ``None`` where it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
