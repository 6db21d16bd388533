"""The key that signs the entries of the ledger: it is kept outside the database."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and the id under which entries name it; the id does not reveal the secret."""

    secret: bytes = field(repr=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hmac.digest(self.secret, b"home-credit ledger key", "sha256")
        object.__setattr__(self, "id", digest[:8].hex())

    def sign(self, content: bytes) -> str:
        """Return the HMAC-SHA256 of ``content`` in hexadecimal."""
        return hmac.digest(self.secret, content, "sha256").hex()
