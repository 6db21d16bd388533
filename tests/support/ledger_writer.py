"""A function that writes to a ledger in a spawned process, which must be able to import it."""

from __future__ import annotations

from home_credit.ledger.records import Idempotency
from support.assessments import a_decision
from support.ledgers import open_ledger


def append(url: str, count: int) -> None:
    """Append ``count`` decisions to the ledger at ``url``."""
    ledger = open_ledger(url)
    for _ in range(count):
        ledger.append(a_decision())
    ledger.close()


def append_with_keys(url: str, count: int) -> None:
    """Append ``count`` decisions with the idempotency keys 1, 2, … in groups of three."""
    ledger = open_ledger(url)
    drafts = [
        ledger.draft(
            a_decision().model_copy(update={"idempotency": Idempotency.of("caller", str(key), b"request")})
        )
        for key in range(count)
    ]
    for start in range(0, count, 3):
        ledger.commit(drafts[start : start + 3])
    ledger.close()
