"""What a process of its own does to a ledger; here so that a spawned one can import it."""

from __future__ import annotations

from home_credit.ledger.store import Ledger
from support.assessments import a_bundle, an_assessment


def append(url: str, count: int) -> None:
    """Append ``count`` decisions to the ledger at ``url``."""
    ledger = Ledger.open(url)
    for _ in range(count):
        ledger.append(an_assessment(), a_bundle())
