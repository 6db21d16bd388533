"""Approval rates, error rates and calibration by protected traits.

Positive is a default, and a declined applicant: a false negative is a defaulter who was approved, a false positive an
applicant who would have paid and was declined. The traits are measured and not used to decide: sex and family status
are not features, age is withheld from reasons.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, TypedDict

import polars as pl
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_ratio,
    equalized_odds_difference,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
)

from home_credit.tables.frames import age_band
from home_credit.tables.schema import AGE_BANDS
from home_credit.validation.proportions import CONFIDENCE, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

LEAST_APPLICANTS, LEAST_DEFAULTS = 100, 10
# A group approved at less than four fifths of the rate of the best one is a sign of adverse impact: Uniform
# Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D); lending has adopted the measure.
FOUR_FIFTHS = 0.8
TRAITS = ("gender", "age", "family status")
NOT_RECORDED = "not recorded"


class Group(TypedDict):
    """The rates of one group; ``low`` and ``high`` are Wilson's interval, ``None`` where nobody could be counted."""

    group: str
    applicants: int
    defaults: int
    small: bool
    approval_rate: float | None
    approval_rate_low: float | None
    approval_rate_high: float | None
    false_negative_rate: float | None
    false_negative_rate_low: float | None
    false_negative_rate_high: float | None
    false_positive_rate: float | None
    false_positive_rate_low: float | None
    false_positive_rate_high: float | None
    calibration: float
    calibration_low: float
    calibration_high: float


class Comparison(TypedDict):
    """The groups of one or more traits; the disparities are ``None`` below two large groups."""

    traits: list[str]
    groups: list[Group]
    approval_ratio: float | None
    passes_four_fifths: bool | None
    equalized_odds_difference: float | None


class Fairness(TypedDict):
    """The limits that were used, everybody as one group, and a comparison for each combination of traits."""

    confidence: float
    least_applicants: int
    least_defaults: int
    four_fifths: float
    overall: Group
    by: list[Comparison]


def fairness(
    people: pl.DataFrame,
    probability: NDArray[np.float64],
    target: NDArray[np.int64],
    approved: NDArray[np.bool_],
) -> Fairness:
    """Compare groups by gender, age band, family status and every intersection of these.

    ``people`` has CODE_GENDER, DAYS_BIRTH and NAME_FAMILY_STATUS, its rows aligned with the three arrays;
    ``approved`` is a mask. In each group a rate comes with its Wilson interval (95 %),
    ``None`` where nobody could be counted; ``calibration`` is the observed default rate less the mean probability,
    its interval that of the observed rate, with the probabilities as given. ``small`` marks groups of fewer than 100
    applicants or 10 defaults: they are shown, and left out of the disparities.
    """
    cells = (
        traits(people)
        .with_columns(
            defaulted=pl.Series(target), declined=pl.Series(~approved), expected=pl.Series(probability)
        )
        .group_by(*TRAITS, "defaulted", "declined")
        .agg(pl.len().alias("applicants"), pl.col("expected"))
        .with_columns(pl.col("expected").list.sum())
        .sort(*TRAITS, "defaulted", "declined")
    )
    return {
        "confidence": CONFIDENCE,
        "least_applicants": LEAST_APPLICANTS,
        "least_defaults": LEAST_DEFAULTS,
        "four_fifths": FOUR_FIFTHS,
        "overall": _groups(cells, pl.Series(["everybody"]).new_from_index(0, len(cells)))[0],
        "by": [
            _compare(cells.sort(names, maintain_order=True), names)
            for size in range(1, len(TRAITS) + 1)
            for names in combinations(TRAITS, size)
        ],
    }


def traits(people: pl.DataFrame) -> pl.DataFrame:
    """Return gender, age band and family status in words, one row per applicant."""
    return people.select(
        pl.col("CODE_GENDER").replace("XNA", None).fill_null(NOT_RECORDED).alias("gender"),
        age_band(pl.col("DAYS_BIRTH"))
        .fill_null(NOT_RECORDED)
        .cast(pl.Enum([*AGE_BANDS, NOT_RECORDED]))
        .alias("age"),
        pl.col("NAME_FAMILY_STATUS").replace("Unknown", None).fill_null(NOT_RECORDED).alias("family status"),
    )


def _compare(cells: pl.DataFrame, names: tuple[str, ...]) -> Comparison:
    """Return the groups of the combined traits, and the disparities between the large ones."""
    labels = cells.select(pl.concat_str(names, separator=", ")).to_series()
    groups = _groups(cells, labels)
    large = labels.is_in([group["group"] for group in groups if not group["small"]])
    kept = cells.filter(large)
    ratio = odds = None
    if labels.filter(large).n_unique() > 1 and not kept["declined"].all():
        weighed = {
            "sensitive_features": labels.filter(large).to_list(),
            "sample_weight": kept["applicants"].to_numpy(),
        }
        defaulted, declined = kept["defaulted"].to_numpy(), kept["declined"].to_numpy()
        ratio = float(demographic_parity_ratio(defaulted, ~declined, **weighed))
        odds = float(equalized_odds_difference(defaulted, declined, **weighed))
    return {
        "traits": list(names),
        "groups": groups,
        "approval_ratio": ratio,
        "passes_four_fifths": None if ratio is None else ratio >= FOUR_FIFTHS,
        "equalized_odds_difference": odds,
    }


def _groups(cells: pl.DataFrame, labels: pl.Series) -> list[Group]:
    """Return one row per label in the order of first appearance.

    ``cells`` are applicants with the same traits, outcome and decision, weighted by their number: fairlearn's results
    are those of the applicants, in a hundredth of the time.
    """
    weights = {"sample_weight": cells["applicants"].to_numpy()}
    metrics = {
        "applicants": lambda _, __, sample_weight: sample_weight.sum(),
        "defaults": lambda defaulted, _, sample_weight: sample_weight @ defaulted,
        "expected": lambda _, __, expected: expected.sum(),
        "approval_rate": partial(selection_rate, pos_label=0),
        "false_negative_rate": false_negative_rate,
        "false_positive_rate": false_positive_rate,
    }
    frame = MetricFrame(
        metrics=metrics,
        y_true=cells["defaulted"].to_numpy(),
        y_pred=cells["declined"].cast(pl.Int64).to_numpy(),
        sensitive_features=labels.to_list(),
        sample_params=dict.fromkeys(metrics, weights)
        | {"expected": {"expected": cells["expected"].to_numpy()}},
    )
    measured = frame.by_group.to_dict("index")
    return [_row(label, measured[label]) for label in labels.unique(maintain_order=True)]


def _row(label: str, measured: Mapping[str, float]) -> Group:
    applicants, defaults = round(measured["applicants"]), round(measured["defaults"])
    expected = measured["expected"] / applicants
    low, high = wilson(defaults, applicants)
    approval, approval_low, approval_high = _rate(measured["approval_rate"], applicants)
    missed, missed_low, missed_high = _rate(measured["false_negative_rate"], defaults)
    declined, declined_low, declined_high = _rate(measured["false_positive_rate"], applicants - defaults)
    return {
        "group": label,
        "applicants": applicants,
        "defaults": defaults,
        "small": applicants < LEAST_APPLICANTS or defaults < LEAST_DEFAULTS,
        "approval_rate": approval,
        "approval_rate_low": approval_low,
        "approval_rate_high": approval_high,
        "false_negative_rate": missed,
        "false_negative_rate_low": missed_low,
        "false_negative_rate_high": missed_high,
        "false_positive_rate": declined,
        "false_positive_rate_low": declined_low,
        "false_positive_rate_high": declined_high,
        "calibration": defaults / applicants - expected,
        "calibration_low": low - expected,
        "calibration_high": high - expected,
    }


def _rate(rate: float, total: int) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return a rate and the bounds of its interval."""
    if total == 0:
        return None, None, None
    low, high = wilson(round(rate * total), total)
    return float(rate), low, high
