"""Who is approved, who is wrongly declined and how true the probabilities are, by traits that law protects.

Positive is a default and a declined applicant: a false negative is a defaulter who was approved, a false
positive an applicant who would have paid and was declined. Measured, never used to decide; the traits are no
features (sex and family status) or withheld from the reasons told (age).
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

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
# Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D); lending borrows the measure.
FOUR_FIFTHS = 0.8
TRAITS = ("gender", "age", "family status")
NOT_RECORDED = "not recorded"


def fairness(
    people: pl.DataFrame,
    probability: NDArray[np.float64],
    target: NDArray[np.int64],
    approved: NDArray[np.bool_],
) -> dict[str, Any]:
    """Compare groups by gender, age band, family status and every intersection of these.

    ``people`` has CODE_GENDER, DAYS_BIRTH and NAME_FAMILY_STATUS, its rows aligned with the three arrays;
    ``approved`` is whatever counts as an approval. In each group a rate comes with its Wilson interval (95 %),
    ``None`` where nobody could be counted; ``calibration`` is the observed default rate less the mean probability,
    its interval that of the observed rate, the probabilities taken as given. ``small`` marks groups of fewer than 100
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


def _compare(cells: pl.DataFrame, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the groups of the combined traits and what sets the large ones apart, ``None`` below two of them."""
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


def _groups(cells: pl.DataFrame, labels: pl.Series) -> list[dict[str, Any]]:
    """Return one row per label in the order of first appearance.

    ``cells`` are applicants with the same traits, outcome and decision, weighed by their number: what fairlearn says
    of them is what it says of the applicants, in a hundredth of the time.
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


def _row(label: str, measured: Mapping[str, float]) -> dict[str, Any]:
    applicants, defaults = round(measured["applicants"]), round(measured["defaults"])
    expected = measured["expected"] / applicants
    low, high = wilson(defaults, applicants)
    return {
        "group": label,
        "applicants": applicants,
        "defaults": defaults,
        "small": applicants < LEAST_APPLICANTS or defaults < LEAST_DEFAULTS,
        **_rate("approval_rate", measured, applicants),
        **_rate("false_negative_rate", measured, defaults),
        **_rate("false_positive_rate", measured, applicants - defaults),
        "calibration": defaults / applicants - expected,
        "calibration_low": low - expected,
        "calibration_high": high - expected,
    }


def _rate(name: str, measured: Mapping[str, float], total: int) -> dict[str, float | None]:
    if total == 0:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    low, high = wilson(round(measured[name] * total), total)
    return {name: float(measured[name]), f"{name}_low": low, f"{name}_high": high}
