"""Compute a recorded decision again with the policy that made it, and compare every bit of the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.decisioning import records
from home_credit.errors import OtherModelError
from home_credit.schemas import Assessment, Replay
from home_credit.tables.bundle import parse_bundle

if TYPE_CHECKING:
    from home_credit.decisioning.scoring import Scorer
    from home_credit.ledger.records import DecisionEntry


def recorded_scorer(scorer: Scorer, entry: DecisionEntry) -> Scorer:
    """Return ``scorer`` under the policy that made a recorded decision.

    Raises :class:`OtherModelError` where another model version made it.
    """
    if entry.model_version != scorer.version:
        raise OtherModelError(entry.decision_id, entry.model_version, scorer.version)
    return scorer.with_policy(records.policy(entry))


def replay_record(scorer: Scorer, entry: DecisionEntry) -> Replay:
    """Assess the rows of a recorded decision again and compare the result with the record.

    Raises :class:`OtherModelError` where another model version made the decision, and
    :class:`BrokenRecordError` where its rows cannot be read.
    """
    scorer = recorded_scorer(scorer, entry)
    with records.reading(entry.decision_id):
        recorded = records.assessment(entry)
        bundle = parse_bundle(entry.bundle)
    (recomputed,) = scorer.assess([bundle], simulation=recorded.simulation, every_reason=entry.every_reason)
    differences = [
        name for name in Assessment.model_fields if getattr(recorded, name) != getattr(recomputed, name)
    ]
    return Replay(
        decision_id=entry.decision_id,
        identical=not differences,
        recorded=recorded,
        recomputed=recomputed,
        differences=differences,
    )
