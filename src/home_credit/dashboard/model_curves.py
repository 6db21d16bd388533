"""Curves of the page *Modèle*, and the importance of features, each with how to read it for this model."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import markup, plots, shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.dashboard.texts import Texts
    from home_credit.schemas.model_reports import CostPoint, Importance, ModelReport, RocPoint, WeighedFeature

SHOWN_FIRST = 12


def roc(report: ModelReport, points: Sequence[RocPoint], translate: Texts) -> None:
    """Draw the ROC curve, with the cut-off in use."""
    everybody = report.fairness.overall
    declined = 1.0 - (everybody.false_negative_rate or 0.0)
    refused = everybody.false_positive_rate or 0.0
    st.subheader(translate("model.roc"), anchor=False)
    caption = translate(
        "model.roc_caption",
        share=translate.percent(report.metrics.out_of_fold["auc"]),
        cut_off=translate.percent(report.policy.cut_off),
        declined=translate.percent(declined),
        refused=translate.percent(refused),
    )
    st.caption(caption)
    curve = plots.Curve(
        [{"x": each.false_positive_rate, "y": each.true_positive_rate} for each in points],
        (translate("model.refused"), translate("model.caught")),
        (".0%", ".0%"),
    )
    marks = [{"x": refused, "y": declined, "label": translate("model.cut_off")}]
    st.vega_lite_chart(
        spec=plots.curve(curve, marks, translate, shell.theme(), diagonal=True), theme=None, alt=caption
    )


def calibration(report: ModelReport, translate: Texts) -> None:
    """Draw the observed default rates of tenths of the applicants by their estimated probability."""
    values = [
        {"x": each.mean_probability, "y": each.observed_rate, "low": each.low, "high": each.high}
        for each in report.reliability
    ]
    within = sum(each["low"] <= each["x"] <= each["high"] for each in values)
    found = translate("model.calibration_alt", within=within, count=len(values))
    st.header(translate("model.calibration"), anchor=False)
    st.caption(f"{translate('model.calibration_caption')} {found}")
    st.vega_lite_chart(
        spec=plots.interval_points(
            values, (translate("model.estimated"), translate("model.observed")), translate, shell.theme()
        ),
        theme=None,
        alt=found,
    )


def costs(report: ModelReport, translate: Texts) -> None:
    """Show the cut-off in use beside the cheapest one, and draw the cost of every other."""
    policy = report.policy
    ratio = translate.value(policy.cost_false_negative / policy.cost_false_positive)
    best = translate.percent(policy.out_of_fold_optimal_cut_off)
    st.header(translate("model.costs"), anchor=False)
    st.caption(translate("model.costs_caption", ratio=ratio))
    threshold = (
        translate("model.cut_off"),
        translate.percent(policy.cut_off),
        translate("model.best_cut_off", value=best),
    )
    cost = (
        translate("model.cost"),
        translate.number(report.metrics.out_of_fold["cost_per_applicant"], 3),
        translate("model.best_cost", value=translate.number(policy.out_of_fold_optimal_cost, 3)),
    )
    st.html(markup.figures((threshold, cost)))
    if report.cost_curve:
        _cost_curve(report, report.cost_curve, translate)


def _cost_curve(report: ModelReport, points: Sequence[CostPoint], translate: Texts) -> None:
    at = {each.cut_off: each for each in points}
    used = at[report.policy.cut_off]
    cheapest = at[report.policy.out_of_fold_optimal_cut_off]
    caption = translate(
        "model.cost_curve_caption",
        cut_off=translate.percent(used.cut_off),
        approved=translate.percent(used.approved, 0),
        cost=translate.number(used.cost, 3),
        best=translate.percent(cheapest.cut_off),
        saved=translate.percent(1.0 - cheapest.cost / used.cost),
        all=translate.number(points[0].cost, 3),
    )
    st.caption(caption)
    curve = plots.Curve(
        [{"x": each.cut_off, "y": each.cost} for each in points],
        (translate("model.cut_off"), translate("model.cost")),
        (".0%", ".2f"),
    )
    marks = [
        {"x": used.cut_off, "y": used.cost, "label": translate("model.in_use")},
        {"x": cheapest.cut_off, "y": cheapest.cost, "label": translate("model.cheapest")},
    ]
    st.vega_lite_chart(spec=plots.curve(curve, marks, translate, shell.theme()), theme=None, alt=caption)


def importance(weighed: Importance, features: int, translate: Texts) -> None:
    """List the features that move the probability most, by their names, the most important first."""
    total = sum(each.importance for each in weighed.features) / weighed.share
    first = weighed.features[0]
    st.header(translate("model.importance"), anchor=False)
    st.caption(
        translate(
            "model.importance_caption",
            applicants=translate.number(weighed.applicants),
            first=translate.of(first.label),
            weight=translate.percent(first.importance / total),
            count=len(weighed.features),
            share=translate.percent(weighed.share, 0),
            used=translate.number(weighed.used),
            features=translate.number(features),
        )
    )
    _weights(weighed.features[:SHOWN_FIRST], total, translate)
    rest = weighed.features[SHOWN_FIRST:]
    if rest:
        with st.expander(translate("model.importance_rest", count=len(rest))):
            _weights(rest, total, translate)


def _weights(features: Sequence[WeighedFeature], total: float, translate: Texts) -> None:
    rows = [
        (escape(_capital(translate.of(each.label))), translate.percent(each.importance / total))
        for each in features
    ]
    heads = (translate("model.fact"), translate("model.weight"))
    st.html(markup.table(translate("model.importance"), heads, rows, titled=False))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
