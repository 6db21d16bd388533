"""Prometheus gauges of the stored drift verdict, read from its file whenever they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from home_credit.errors import NoVerdictError, UnavailableError
from home_credit.monitoring.verdict import stored_verdict

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.schemas.verdicts import StoredVerdict


def text(reports: Path) -> bytes:
    """Return the gauges in the Prometheus text format, none where no verdict can be read."""
    try:
        verdict = stored_verdict(reports)
    except (NoVerdictError, UnavailableError):
        return b""
    registry = CollectorRegistry()
    for name, documentation, value in _gauges(verdict):
        Gauge(f"home_credit_drift_{name}", documentation, registry=registry).set(value)
    for figure in verdict.figures:
        # One gauge with a label would mix probabilities and costs.
        Gauge(f"home_credit_drift_{figure.name}", "In the window of the verdict", registry=registry).set(
            figure.now
        )
    return generate_latest(registry)


def _gauges(verdict: StoredVerdict) -> list[tuple[str, str, float]]:
    material = [cause for cause in verdict.causes if cause.material]
    gauges = [
        ("alarm", "1 where the last verdict raises an alarm that nobody acknowledged", float(verdict.alarm)),
        ("acknowledged", "1 where its alarm was acknowledged", float(verdict.acknowledged)),
        ("material_changes", "Changes beyond chance that matter", float(len(material))),
        ("applicants", "Applications in its window", float(verdict.current_rows)),
    ]
    if verdict.made_at:
        gauges.append(("verdict_timestamp_seconds", "When it was made", verdict.made_at.timestamp()))
    if verdict.performance:
        expected = verdict.performance
        gauges += [
            ("estimated_auc", "AUC to expect of its decisions", expected.auc.value),
            ("auc_at_training", "AUC out of fold at training", expected.auc_at_training),
            ("estimated_default_rate", "Default rate to expect of them", expected.default_rate.value),
            ("estimate_reliable", "0 where the applicants changed too much for it", float(expected.reliable)),
        ]
    if verdict.outcomes:
        gauges.append(
            ("estimate_error", "Estimated less realised default rate", verdict.outcomes.estimate_error)
        )
    return gauges
