"""Repeated requests: drafts with the idempotency key of an earlier decision, or of another draft in their group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from home_credit.errors import IdempotencyKeyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from home_credit.ledger.drafts import Draft, Recorded
    from home_credit.ledger.records import DecisionEntry, Idempotency

    Outcome: TypeAlias = Recorded[DecisionEntry] | IdempotencyKeyError


def keys_of(drafts: Iterable[Draft[DecisionEntry]]) -> set[str]:
    """Return the idempotency keys of drafts."""
    return {draft.idempotency.key for draft in drafts if draft.idempotency}


def fresh(drafts: Iterable[Draft[DecisionEntry]], used: Iterable[str]) -> list[Draft[DecisionEntry]]:
    """Return the drafts to record, in order: without a key, or the first with a key that is not ``used``."""
    seen, first = set(used), []
    for draft in drafts:
        if draft.idempotency:
            if draft.idempotency.key in seen:
                continue
            seen.add(draft.idempotency.key)
        first.append(draft)
    return first


def outcomes(
    drafts: Sequence[Draft[DecisionEntry]],
    recorded: Sequence[tuple[Idempotency | None, Recorded[DecisionEntry]]],
    earlier: Sequence[tuple[Idempotency | None, Recorded[DecisionEntry]]],
) -> list[Outcome]:
    """Return the outcome of each draft, in order.

    ``recorded`` holds those recorded now, ``earlier`` the decisions whose keys were used before. A draft that repeats
    one of either gets its record; one with the key but another request gets an error.
    """
    own = {outcome.decision_id: outcome for _, outcome in recorded}
    by_key = {given.key: (given.request, outcome) for given, outcome in (*earlier, *recorded) if given}
    return [own.get(draft.decision_id) or _repeated(draft, by_key) for draft in drafts]


def _repeated(draft: Draft[DecisionEntry], by_key: dict[str, tuple[str, Recorded[DecisionEntry]]]) -> Outcome:
    if draft.idempotency is None:
        raise AssertionError(f"the draft {draft.decision_id} was neither recorded nor a repetition")
    request, first = by_key[draft.idempotency.key]
    return replace(first, repeated=True) if request == draft.idempotency.request else IdempotencyKeyError()
