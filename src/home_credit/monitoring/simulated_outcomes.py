"""Outcomes of the simulated history of a demo, drawn from the probabilities that were estimated when deciding."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from home_credit.monitoring.outcomes import DECISION, Outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from home_credit.ledger.records import DecisionEntry

KNOWN_AFTER = timedelta(days=30)
SEED = 2018


def draw(entries: Iterable[DecisionEntry], now: datetime) -> tuple[Outcomes, list[DecisionEntry]]:
    """Return an outcome for each decision of a simulated history, and the decisions at their times in it.

    An outcome is a default with the decision's probability of default. Those of the last :data:`KNOWN_AFTER` are not
    known yet. Other decisions are left out.
    """
    generator = np.random.default_rng(SEED)
    known: dict[str | int, int] = {}
    history = []
    for entry in entries:
        if entry.decided_at is not None:
            defaulted = generator.random() < entry.assessment.probability_of_default
            history.append(entry.model_copy(update={"recorded_at": entry.decided_at}))
            if entry.decided_at <= now - KNOWN_AFTER:
                known[entry.decision_id] = int(defaulted)
    return Outcomes(DECISION, known), history
