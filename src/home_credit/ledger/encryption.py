"""Encryption of payloads: every decision has a data key of its own, which is kept wrapped, apart from the chain.

Contents are encrypted with AES-256 in Galois/Counter Mode (NIST SP 800-38D), each under a random nonce, which goes
before it. Whoever lacks the data key reads nothing, so that without it a decision is erased.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from home_credit.errors import BrokenRecordError

if TYPE_CHECKING:
    from typing import Self

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from home_credit.ledger.keys import Key, Keyring

KEY_BYTES, NONCE_BYTES, ID_BYTES = 32, 12, 8


class DataKey:
    """The key of one decision: of its payload, its rows and its reviews."""

    __slots__ = ("_cipher", "secret")

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self._cipher = _cipher(secret)

    @classmethod
    def new(cls) -> Self:
        """Return a new random key."""
        return cls(os.urandom(KEY_BYTES))

    def encrypt(self, content: bytes) -> bytes:
        """Return a random nonce, and the ciphertext with its tag."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, None)

    def decrypt(self, content: bytes) -> bytes:
        """Return the plain content; raises :class:`BrokenRecordError` where it is not of this key."""
        return _decrypted(self._cipher, content, "it cannot be decrypted with its key")

    def wrapped(self, key: Key) -> bytes:
        """Return the id of ``key``, which wraps, and this key encrypted with it."""
        nonce = os.urandom(NONCE_BYTES)
        return bytes.fromhex(key.id) + nonce + _wrapping(key.wrapping).encrypt(nonce, self.secret, None)


def unwrap(wrapped: bytes, keys: Keyring) -> DataKey:
    """Return a data key; raises :class:`BrokenRecordError` where it was changed, or none of ``keys`` wrapped it."""
    key = keys.get(wrapped[:ID_BYTES].hex()) if isinstance(wrapped, bytes) else None
    if key is None:
        raise BrokenRecordError("its key is wrapped with a key that is not known here")
    secret = _decrypted(_wrapping(key.wrapping), wrapped[ID_BYTES:], "its key was changed")
    if len(secret) != KEY_BYTES:
        raise BrokenRecordError("its key was changed")
    return DataKey(secret)


def _decrypted(cipher: AESGCM, content: bytes, problem: str) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], None)
    except (InvalidTag, ValueError) as error:
        raise BrokenRecordError(problem) from error


@lru_cache(maxsize=16)
def _wrapping(secret: bytes) -> AESGCM:
    return _cipher(secret)


def _cipher(secret: bytes) -> AESGCM:
    return _algorithm()(secret)


@lru_cache(maxsize=1)
def _algorithm() -> type[AESGCM]:
    # Imported with the first record: the API is healthy before, and the command line may need none.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM
