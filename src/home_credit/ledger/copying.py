"""Copies a ledger, entry by entry as it is stored, into an empty one: to another database, to a backup and back."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from home_credit.errors import LedgerError
from home_credit.ledger import audit, daily_counts, heads, review_counts, shadow_scores
from home_credit.ledger.chain import START
from home_credit.ledger.entries import ROWS_AT_A_TIME
from home_credit.ledger.schema import CHAINS, chain_heads, payload_keys
from home_credit.ledger.writer import lock_head
from home_credit.progress import Progress, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

    from home_credit.ledger.anchors import Anchor
    from home_credit.ledger.audit import Verified
    from home_credit.ledger.keys import Keyring


def copy(
    source: Connection, target: Connection, keys: Keyring, known: Sequence[Anchor], progress: Progress
) -> Verified:
    """Copy every entry, and what belongs to them, verify the copy and return what was found.

    ``source`` sees one state of its ledger throughout; ``target`` is in a transaction, which is not to be committed
    where this raises: :class:`~home_credit.errors.LedgerError` where the target is not empty, and
    :class:`~home_credit.errors.BrokenRecordError` where the source was changed.
    """
    for table in CHAINS.values():
        if lock_head(target, table, keys) != START:
            raise LedgerError(f"a ledger is copied into an empty one, but there are {table.name} already")
    for table in CHAINS.values():
        _copy_entries(source, target, table, heads.read(source, table.name, keys).sequence, progress)
        row = source.execute(select(chain_heads).where(chain_heads.c.chain == table.name)).mappings().one()
        target.execute(update(chain_heads).where(chain_heads.c.chain == table.name).values(dict(row)))
    total = source.scalar(select(func.count()).select_from(payload_keys)) or 0
    _copy_entries(source, target, payload_keys, total, progress)
    daily_counts.copy(source, target)
    review_counts.copy(source, target)
    shadow_scores.copy(source, target)
    return audit.verify(target, keys, known, progress)


def _copy_entries(
    source: Connection, target: Connection, table: Table, total: int, progress: Progress
) -> None:
    rows = select(table).order_by(table.c.sequence).execution_options(yield_per=ROWS_AT_A_TIME)
    with source.execute(rows) as found:
        copied = counted(found.mappings(), progress, f"{table.name} copied", total, every=ROWS_AT_A_TIME)
        while some := [dict(row) for row in islice(copied, ROWS_AT_A_TIME)]:
            target.execute(insert(table), some)
