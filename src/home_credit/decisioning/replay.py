"""Compute a recorded decision again with the policy that made it, and compare every bit of the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.decisioning import records
from home_credit.errors import OtherModelError
from home_credit.schemas import Assessment, Replay
from home_credit.tables.bundle import parse_bundle

if TYPE_CHECKING:
    from home_credit.decisioning.scoring import Scorer
    from home_credit.decisioning.versions import ModelVersions
    from home_credit.ledger.records import DecisionEntry
    from home_credit.schemas import Text


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
    among ``versions``, and :class:`OtherChecksError` where this release does not accept its rows.
    """
    scorer = recorded_scorer(scorer, entry, versions)
    with records.reading(entry.decision_id):
        recorded = records.assessment(entry)
        bundle = parse_bundle(entry.bundle)
    (recomputed,) = scorer.assess([bundle], simulation=recorded.simulation, every_reason=entry.every_reason)
    differences, reworded = _compared(recorded, recomputed)
    return Replay(
        decision_id=entry.decision_id,
        identical=not differences,
        reworded=reworded,
        recorded=recorded,
        recomputed=recomputed,
        differences=differences,
    )


def _compared(recorded: Assessment, recomputed: Assessment) -> tuple[list[str], int]:
    """Return the fields that differ in what was computed, and the number of reasons that differ in words alone."""
    said, words = zip(*map(_without_words, (recorded, recomputed)), strict=True)
    differences = [name for name in Assessment.model_fields if said[0][name] != said[1][name]]
    if "reasons" in differences:
        return differences, 0
    return differences, sum(before != now for before, now in zip(*words, strict=True))


def _without_words(assessment: Assessment) -> tuple[dict[str, object], list[Text]]:
    """Return an assessment whose reasons have no words, and the words; a later release may choose better ones."""
    reasons = [reason.model_copy(update={"text": None, "label": None}) for reason in assessment.reasons]
    return {**dict(assessment), "reasons": reasons}, [reason.text for reason in assessment.reasons]
