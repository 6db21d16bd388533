"""The keys that sign the ledger; they are kept outside the database."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from home_credit.errors import LedgerError

if TYPE_CHECKING:
    from typing import Self

SHORTEST = 32  # characters


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and the id under which entries name it; the id does not reveal the secret.

    ``wrapping`` is derived from it (HKDF-SHA256, RFC 5869), and wraps the keys of payloads.
    """

    secret: bytes = field(repr=False)
    id: str = field(init=False)
    wrapping: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        digest = hmac.digest(self.secret, b"home-credit ledger key", "sha256")
        object.__setattr__(self, "id", digest[:8].hex())
        extracted = hmac.digest(bytes(32), self.secret, "sha256")
        expanded = hmac.digest(extracted, b"home-credit ledger payload keys\x01", "sha256")
        object.__setattr__(self, "wrapping", expanded)

    def sign(self, content: bytes) -> str:
        """Return the HMAC-SHA256 of ``content`` in hexadecimal."""
        return hmac.digest(self.secret, content, "sha256").hex()

    def signed(self, content: bytes, signature: object) -> bool:
        """Return whether ``signature`` is that of ``content``."""
        return isinstance(signature, str) and hmac.compare_digest(
            self.sign(content).encode(), signature.encode()
        )


class Keyring:
    """The key that signs, and the earlier ones, which entries were signed with before it was changed."""

    def __init__(self, *keys: Key) -> None:
        self.current, self._first = keys[0], keys[-1]
        self._by_id = {key.id: key for key in keys}

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Return the keys in ``text``, separated by white space, the one that signs first.

        Raises :class:`~home_credit.errors.LedgerError` naming ``where`` the text is from, not its content.
        """
        words = text.split()
        if not words or any(len(word) < SHORTEST for word in words):
            raise LedgerError(
                f"{where} does not hold keys of at least {SHORTEST} characters; "
                "`home-credit ledger new-key` prints one"
            )
        return cls(*(Key(word.encode()) for word in words))

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the keys in a file, ``None`` where there is no file; raises :class:`LedgerError`."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"), str(path))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise LedgerError(f"the key of the ledger cannot be read: {error}") from error

    def get(self, key_id: str) -> Key | None:
        """Return the key with an id, ``None`` where it is not known."""
        return self._by_id.get(key_id)

    def digest(self, name: str) -> str:
        """Return a digest that tells names apart and does not reveal them; it stays when the key is changed."""
        return self._first.sign(b"name: " + name.encode())[:16]


def new_secret() -> str:
    """Return a new random secret of 256 bits as text."""
    return secrets.token_urlsafe(32)


def create_file(path: Path) -> Keyring:
    """Return the keys in the file at ``path``; where it is missing, a new key is put there, for its owner alone.

    Of several processes that start at once, one makes the key and the others read it. Raises :class:`LedgerError`.
    """
    found = Keyring.read(path)
    if found is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        complete = _beside(path, f"{new_secret()}\n")
        try:
            path.hardlink_to(complete)
        except FileExistsError:
            pass  # another process was first
        finally:
            complete.unlink()
        return Keyring.parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise LedgerError(f"the key of the ledger cannot be written: {error}") from error


def rotate_file(path: Path) -> Keyring:
    """Put a new key before those in the file at ``path`` and return them all; raises :class:`LedgerError`."""
    if Keyring.read(path) is None:
        raise LedgerError(f"there is no key file {path}")
    try:
        _beside(path, f"{new_secret()}\n{path.read_text(encoding='utf-8')}").replace(path)
        return Keyring.parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise LedgerError(f"the key of the ledger cannot be written: {error}") from error


def _beside(path: Path, text: str) -> Path:
    """Return a new file beside ``path`` that holds ``text`` and is its owner's alone."""
    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
