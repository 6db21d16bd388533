"""The place of a known applicant among the others, and two of their figures, from what a load stored of them."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from home_credit.applicants.distributions import STEPS, Distribution
from home_credit.applicants.figures import FIGURES, compute
from home_credit.default_risk.reasons.labels import counted_backwards, label
from home_credit.features.catalogue import CATALOGUE
from home_credit.schemas import Text
from home_credit.schemas.comparisons import Axis, Comparison, Points, Segment, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.applicants.peers import Mask, Peers
    from home_credit.applicants.schema import Content
    from home_credit.features.rows import Value
    from home_credit.schemas.comparisons import PointsQuery
    from home_credit.tables.bundle import ParsedBundle

EVERY = 5  # of the stored quantiles, the ones that are shown
LEVELS = [float(level) for level in range(0, STEPS + 1, EVERY)]
NOBODY = Distribution(0, np.empty(0, np.float32))
MOST_POINTS = 500


def figures_of(bundle: ParsedBundle, history: Sequence[Value]) -> dict[str, float]:
    """Return the figures of an applicant, NaN where unknown; ``history`` are the features of its histories."""
    values = zip(FIGURES, compute()(bundle.application, history), strict=True)
    return {name: value if isinstance(value, float) else np.nan for name, value in values}


def compare(
    applicant_id: int, figures: Mapping[str, float], segment: Segment, content: Content, peers: Peers
) -> Comparison:
    """Return each figure of an applicant among those of the peers inside a segment."""
    statistics = (
        peers.of(_inside(applicant_id, figures, segment, peers))
        if segment.similar
        else peers.statistics(segment)
    )
    return Comparison(
        SK_ID_CURR=applicant_id,
        segment=segment,
        applicants=statistics.applicants,
        sampled=len(peers.ids) < content.total,
        graded_by=content.model_version,
        levels=LEVELS,
        figures=[
            _standing(name, value, statistics.figures.get(name, NOBODY)) for name, value in figures.items()
        ],
    )


def points(applicant_id: int, figures: Mapping[str, float], query: PointsQuery, peers: Peers) -> Points:
    """Return two figures of some of the peers inside a segment, and those of the applicant."""
    inside = _inside(applicant_id, figures, query, peers)
    for name in (query.x, query.y):
        known = peers.figures.get(name)
        inside &= False if known is None else ~np.isnan(known)
    places = peers.sample(inside, MOST_POINTS)

    def axis(name: str) -> Axis:
        values = peers.figures[name][places] if name in peers.figures else np.empty(0, np.float32)
        return Axis(
            figure=name,
            unit=CATALOGUE[name].unit,
            label=_label(name),
            value=_told(name, figures[name]),
            values=[_turned(name, float(str(value))) for value in values],
        )

    return Points(
        SK_ID_CURR=applicant_id,
        segment=Segment(**query.model_dump(exclude={"x", "y"})),
        applicants=int(inside.sum()),
        x=axis(query.x),
        y=axis(query.y),
    )


def _inside(applicant_id: int, figures: Mapping[str, float], segment: Segment, peers: Peers) -> Mask:
    filtered = peers.inside(segment)
    return peers.nearest(figures, filtered, applicant_id) if segment.similar else filtered


def _standing(name: str, value: float, among: Distribution) -> Standing:
    """Return one figure; a time before the application, which is stored as negative days, is positive."""
    percentile = None if isnan(value) else among.percentile(value)
    quantiles = among.digits(EVERY)
    if counted_backwards(name):
        percentile = None if percentile is None else 100.0 - percentile
        quantiles = [0.0 - each for each in reversed(quantiles)]
    return Standing(
        figure=name,
        unit=CATALOGUE[name].unit,
        label=_label(name),
        value=_told(name, value),
        percentile=percentile,
        known=among.known,
        quantiles=quantiles,
    )


def _label(name: str) -> Text:
    return Text(en=label(name, "en"), fr=label(name, "fr"))


def _told(name: str, value: float) -> float | None:
    return None if isnan(value) else _turned(name, value)


def _turned(name: str, value: float) -> float:
    return 0.0 - value if counted_backwards(name) else value
