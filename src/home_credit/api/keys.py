"""API keys: a file of names, scopes and hashes that several processes share.

A key is 256 random bits, so its SHA-256 cannot be reversed by guessing and needs no salt and no slow hash. Only the
hash is stored; the key is shown once, when it is made.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from home_credit.errors import KeyFileError, UnknownKeyError, UsageError
from home_credit.invalid import first_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KeyScope = Literal["score", "read", "review", "act-for", "admin"]
SCOPES: tuple[KeyScope, ...] = get_args(KeyScope)
PREFIX = "hc_"  # by which a scanner recognises a leaked key
NAME = r"\w(?:[\w .@'-]{0,62}\w)?"
RESERVED = "API_KEY"  # the name of the key in that setting


class StoredKey(BaseModel):
    """What is kept of a key. A revoked key stays, so that its name is never given to somebody else."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str = Field(pattern=f"^{NAME}$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    scopes: tuple[KeyScope, ...] = Field(min_length=1)
    created_at: datetime
    revoked_at: datetime | None = None


class _Contents(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)  # its patterns take long to compile

    version: Literal[1] = 1
    keys: tuple[StoredKey, ...] = ()


class KeyFile:
    """The keys in the file ``path``; a file that does not exist holds none.

    Every change replaces the file as a whole, so that readers see the earlier or the later keys. Every method raises
    :class:`KeyFileError` where the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[StoredKey, ...]:
        """Return every key, revoked ones included."""
        try:
            return _Contents.model_validate_json(self._path.read_bytes()).keys
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise KeyFileError(f"the API keys in {self._path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise KeyFileError(f"{self._path} holds no API keys: {first_fault(error, 'the file')}") from None

    def add(self, name: str, scopes: Sequence[str]) -> str:
        """Store a new key and return it.

        Raises :class:`UsageError` for a name that is invalid or taken, and for scopes that are none.
        """
        if not re.fullmatch(NAME, name) or name == RESERVED:
            raise UsageError(f"{name!r} is no name of a key: up to 64 letters, digits, spaces or . _ @ ' -")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise UsageError(
                f"a key has one or more of the scopes {', '.join(SCOPES)}, not {', '.join(scopes)}"
            )
        key = PREFIX + secrets.token_urlsafe(32)
        with self._changing():
            keys = self.read()
            if any(name == stored.name for stored in keys):
                raise UsageError(f"there is a key {name!r}, valid or revoked; names are not used twice")
            granted = tuple(scope for scope in SCOPES if scope in scopes)
            new = StoredKey(name=name, sha256=hashed(key), scopes=granted, created_at=datetime.now(UTC))
            self._write((*keys, new))
        return key

    def revoke(self, name: str) -> None:
        """Revoke a key; raises :class:`UnknownKeyError` where no valid key has that name."""
        with self._changing():
            keys = self.read()
            if not any(stored.name == name and stored.revoked_at is None for stored in keys):
                raise UnknownKeyError(f"there is no valid API key named {name!r}")
            now = {"revoked_at": datetime.now(UTC)}
            self._write(
                tuple(stored.model_copy(update=now) if stored.name == name else stored for stored in keys)
            )

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock of the file, so that two commands do not lose each other's change."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise KeyFileError(f"the API keys in {self._path} cannot be changed: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, keys: tuple[StoredKey, ...]) -> None:
        text = _Contents(keys=keys).model_dump_json(indent=2) + "\n"
        try:
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            # The server may be another user; the hashes of random keys are no secret.
            Path(file.name).chmod(0o644)
            Path(file.name).replace(self._path)
        except OSError as error:
            raise KeyFileError(f"the API keys in {self._path} cannot be changed: {error.strerror}") from error


def hashed(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()
