"""A function that writes to a ledger in a spawned process, which must be able to import it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.ledger.drafts import Recorded, draft_decision
from home_credit.ledger.records import Idempotency
from support.assessments import a_decision
from support.ledgers import open_ledger

if TYPE_CHECKING:
    from pathlib import Path


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
        draft_decision(
            a_decision().model_copy(update={"idempotency": Idempotency.of("caller", str(key), b"request")})
        )
        for key in range(count)
    ]
    for start in range(0, count, 3):
        ledger.commit(drafts[start : start + 3])
    ledger.close()


def commit_groups(url: str, acknowledged: Path) -> None:
    """Commit groups of sixteen decisions for ever, and write the ids of each group to a file once it is durable."""
    ledger = open_ledger(url)
    with acknowledged.open("a", buffering=1) as file:
        while True:
            outcomes = ledger.commit([draft_decision(a_decision(number)) for number in range(16)])
            file.write(
                " ".join(outcome.decision_id for outcome in outcomes if isinstance(outcome, Recorded)) + "\n"
            )
