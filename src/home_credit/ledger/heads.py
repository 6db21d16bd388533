"""The heads of the chains: each is signed, so that the end of a chain cannot be set back to any entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from home_credit.errors import BrokenRecordError
from home_credit.ledger.chain import Head
from home_credit.ledger.schema import chain_heads

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from home_credit.ledger.keys import Key, Keyring


def signed(chain: str, head: Head, key: Key) -> dict[str, object]:
    """Return the row of a head."""
    return {
        "chain": chain,
        **head._asdict(),
        "key_id": key.id,
        "signature": key.sign(head.content(chain, key.id)),
    }


def checked(chain: str, row: RowMapping | None, keys: Keyring) -> Head:
    """Return the head in a row; raises :class:`BrokenRecordError` where it is missing or was changed."""
    if row is None:
        raise BrokenRecordError(f"the head of {chain} is missing")
    # SQLite keeps what it is given, whatever the type of the column.
    if not isinstance(row["sequence"], int) or not isinstance(row["hash"], str):
        raise BrokenRecordError(f"the head of {chain} was changed: it is no place and no hash")
    head, key = Head(row["sequence"], row["hash"]), keys.get(str(row["key_id"]))
    if row["key_id"] is None:
        raise BrokenRecordError(f"the head of {chain} was changed: it is not signed")
    if key is None:
        raise BrokenRecordError(
            f"the head of {chain} is signed with the key {row['key_id']}, which is not known here"
        )
    if not key.signed(head.content(chain, key.id), row["signature"]):
        raise BrokenRecordError(f"the head of {chain} was changed: its signature does not match")
    return head


def read(connection: Connection, chain: str, keys: Keyring) -> Head:
    """Return the head of a chain; raises :class:`BrokenRecordError` where it is missing or was changed."""
    found = connection.execute(select(chain_heads).where(chain_heads.c.chain == chain)).mappings().first()
    return checked(chain, found, keys)


def sign_all(connection: Connection, key: Key) -> None:
    """Sign the heads that a migration left without a signature."""
    for row in (
        connection.execute(select(chain_heads).where(chain_heads.c.signature.is_(None))).mappings().all()
    ):
        values = signed(row["chain"], Head(row["sequence"], row["hash"]), key)
        connection.execute(update(chain_heads).where(chain_heads.c.chain == row["chain"]).values(values))
