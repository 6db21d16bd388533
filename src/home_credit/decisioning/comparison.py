"""The place of a known applicant among the others, from the stored distributions of a segment."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from home_credit.applicants.distributions import (
    ANY,
    ANY_REGION,
    STEPS,
    Distribution,
    SegmentKey,
    SegmentStatistics,
)
from home_credit.applicants.figures import FIGURES, compute
from home_credit.default_risk.reasons.labels import counted_backwards, label
from home_credit.features.catalogue import CATALOGUE
from home_credit.schemas import Text
from home_credit.schemas.reports import Comparison, Segment, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.features.rows import Value
    from home_credit.tables.bundle import ParsedBundle

EVERY = 5  # of the stored quantiles, the ones that are shown
LEVELS = [float(level) for level in range(0, STEPS + 1, EVERY)]
NOBODY = Distribution(0, np.empty(0, np.float32))


def key_of(segment: Segment) -> SegmentKey:
    """Return the key of a segment in the store."""
    return SegmentKey(segment.contract or ANY, segment.age_band or ANY, segment.region or ANY_REGION)


def compare(
    applicant_id: int,
    bundle: ParsedBundle,
    history: Sequence[Value],
    segment: Segment,
    statistics: SegmentStatistics,
) -> Comparison:
    """Return each figure of an applicant, whose features of the histories are ``history``, among those of a segment."""
    values = zip(FIGURES, compute()(bundle.application, history), strict=True)
    return Comparison(
        SK_ID_CURR=applicant_id,
        segment=segment,
        applicants=statistics.applicants,
        levels=LEVELS,
        figures=[_standing(name, value, statistics.figures.get(name, NOBODY)) for name, value in values],
    )


def _standing(name: str, value: Value, among: Distribution) -> Standing:
    """Return one figure; a time before the application, which is stored as negative days, is positive."""
    shown = value if isinstance(value, float) and not isnan(value) else None
    percentile = None if shown is None else among.percentile(shown)
    quantiles = among.digits(EVERY)
    if counted_backwards(name):
        shown = None if shown is None else 0.0 - shown
        percentile = None if percentile is None else 100.0 - percentile
        quantiles = [0.0 - each for each in reversed(quantiles)]
    return Standing(
        figure=name,
        unit=CATALOGUE[name].unit,
        label=Text(en=label(name, "en"), fr=label(name, "fr")),
        value=shown,
        percentile=percentile,
        known=among.known,
        quantiles=quantiles,
    )
