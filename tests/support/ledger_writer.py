"""A function that writes to a ledger in a spawned process, which must be able to import it."""

from __future__ import annotations

from home_credit.ledger import Ledger
from support.assessments import a_decision


def append(url: str, count: int) -> None:
    """Append ``count`` decisions to the ledger at ``url``."""
    ledger = Ledger.open(url)
    for _ in range(count):
        ledger.append(a_decision())
    ledger.close()
