"""Compute a recorded decision again with the policy that made it, and compare every bit of the outcome.

A reason is compared by its code, feature, value and contribution. Its text follows from these in the words of the
release that decided; the record keeps those words, and the chain of the ledger binds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from home_credit.decisioning import records
from home_credit.errors import OtherModelError
from home_credit.schemas import Assessment, Replay
from home_credit.tables.bundle import parse_bundle

if TYPE_CHECKING:
    from home_credit.decisioning.scoring import Scorer
    from home_credit.decisioning.versions import ModelVersions
    from home_credit.ledger.records import DecisionEntry


def recorded_scorer(scorer: Scorer, entry: DecisionEntry, versions: ModelVersions | None = None) -> Scorer:
    """Return the scorer that made a recorded decision, under its policy: ``scorer``, or one of ``versions``.

    Raises :class:`OtherModelError` where it is neither.
    """
    if entry.model_version != scorer.version:
        kept = versions.scorer(entry.model_version) if versions else None
        if kept is None:
            raise OtherModelError(entry.decision_id, entry.model_version, scorer.version)
        scorer = kept
    return scorer.with_policy(records.policy(entry))


def replay_record(scorer: Scorer, entry: DecisionEntry, versions: ModelVersions | None = None) -> Replay:
    """Assess the rows of a recorded decision again and compare the result with the record.

    Raises :class:`OtherModelError` where the model version that made the decision is neither that of ``scorer`` nor
    among ``versions``, and :class:`BrokenRecordError` where its rows cannot be read.
    """
    scorer = recorded_scorer(scorer, entry, versions)
    with records.reading(entry.decision_id):
        recorded = records.assessment(entry)
        bundle = parse_bundle(entry.bundle)
    (recomputed,) = scorer.assess([bundle], simulation=recorded.simulation, every_reason=entry.every_reason)
    outcomes = _without_words(recorded), _without_words(recomputed)
    differences = [name for name in Assessment.model_fields if outcomes[0][name] != outcomes[1][name]]
    return Replay(
        decision_id=entry.decision_id,
        identical=not differences,
        recorded=recorded,
        recomputed=recomputed,
        differences=differences,
    )


def _without_words(assessment: Assessment) -> dict[str, Any]:
    """Return the fields of an assessment, reasons without their text and the label of their feature."""
    reasons = [
        (reason.code, reason.feature, reason.value, reason.contribution) for reason in assessment.reasons
    ]
    return {**dict(assessment), "reasons": reasons}
