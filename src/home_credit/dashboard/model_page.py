"""Page *Modèle*: what training measured of the model that decides, each figure with what it means."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import failures, markup, model_curves, shell, waiting
from home_credit.errors import ApiError

if TYPE_CHECKING:
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas.model_reports import FairnessGroup, ModelReport


def show() -> None:
    """Draw the page."""
    translate, api = shell.language(), shell.api()
    st.title(translate("model.title"), anchor=False)
    try:
        report = waiting.call(api.model_report)
    except ApiError as error:
        failures.show(error, translate)
        return
    _identity(report, translate)
    _quality(report, translate)
    model_curves.calibration(report, translate)
    _grades(report, translate)
    model_curves.costs(report, translate)
    if report.importance:
        model_curves.importance(report.importance, report.features, translate)
    if report.baselines:
        _baselines(report, translate)
    _fairness(report, translate)
    _explanations(report, translate)


def _identity(report: ModelReport, translate: Texts) -> None:
    pairs = [
        (translate("record.model_version"), report.model_version),
        (translate("model.trained_at"), translate.day(report.trained_at, shell.zone())),
        (translate("model.applicants"), translate.number(report.training_applicants)),
        (translate("model.features"), translate.number(report.features)),
    ]
    st.html(markup.facts(pairs, wide=True))


def _quality(report: ModelReport, translate: Texts) -> None:
    measured = report.metrics.out_of_fold
    interval = translate(
        "model.interval",
        low=translate.number(measured["auc_low"], 3),
        high=translate.number(measured["auc_high"], 3),
    )
    st.header(translate("model.quality"), anchor=False)
    st.caption(translate("model.quality_caption"))
    st.html(
        markup.figures(
            (
                (translate("model.auc"), translate.number(measured["auc"], 3), interval),
                (
                    translate("model.gini"),
                    translate.number(measured["gini"], 3),
                    translate("model.gini_note"),
                ),
                (translate("model.ks"), translate.number(measured["ks"], 3), translate("model.ks_note")),
                (
                    translate("model.default_rate"),
                    translate.percent(measured["default_rate"]),
                    translate("model.expected", rate=translate.percent(measured["mean_probability"])),
                ),
            )
        )
    )
    if report.roc:
        model_curves.roc(report, report.roc, translate)


def _grades(report: ModelReport, translate: Texts) -> None:
    st.header(translate("model.grades"), anchor=False)
    within = sum(each.low <= each.mean_probability <= each.high for each in report.grades)
    st.caption(translate("model.grades_caption", within=within, count=len(report.grades)))
    rows = [
        (
            escape(each.grade),
            translate.number(each.applicants),
            translate.percent(each.mean_probability),
            markup.emphasised(
                translate.percent(each.observed_rate),
                translate(
                    "model.between", low=translate.percent(each.low), high=translate.percent(each.high)
                ),
            ),
        )
        for each in report.grades
    ]
    heads = ("find.grade", "model.applicants", "model.estimated", "model.observed")
    st.html(markup.table(translate("model.grades"), [translate(head) for head in heads], rows, titled=False))


def _baselines(report: ModelReport, translate: Texts) -> None:
    compared, measured = report.baselines or [], report.metrics.out_of_fold
    best = max(compared, key=lambda each: each.auc)
    st.header(translate("model.baselines"), anchor=False)
    st.caption(
        translate(
            "model.baselines_caption",
            best=translate.category(best.name),
            auc=translate.number(best.auc, 3),
            this=translate.number(measured["auc"], 3),
        )
    )
    rows = [
        _measured(
            translate.category(each.name), each.features, (each.auc, each.auc_low, each.auc_high), translate
        )
        for each in compared
    ]
    here = (measured["auc"], measured["auc_low"], measured["auc_high"])
    rows.append(_measured(translate("model.this"), report.features, here, translate))
    heads = (translate("model.name"), translate("model.features"), translate("model.auc"))
    st.html(markup.table(translate("model.baselines"), heads, rows, titled=False))


def _measured(
    name: str, features: int, auc: tuple[float, float, float], translate: Texts
) -> tuple[str, str, str]:
    """Return a row of the table: a model, its number of features, and its AUC with the ends of the interval."""
    value, low, high = (translate.number(each, 3) for each in auc)
    return (
        escape(name),
        translate.number(features),
        markup.emphasised(value, translate("model.between", low=low, high=high)),
    )


def _fairness(report: ModelReport, translate: Texts) -> None:
    st.header(translate("model.fairness"), anchor=False)
    st.caption(translate("model.fairness_caption", limit=translate.percent(report.fairness.four_fifths, 0)))
    for comparison in report.fairness.by:
        if len(comparison.traits) > 1:
            continue
        (trait,) = comparison.traits
        ratio = comparison.approval_ratio
        if ratio is None:
            verdict = translate("model.fairness_unknown")
        else:
            key = "model.fairness_passes" if comparison.passes_four_fifths else "model.fairness_fails"
            verdict = translate(key, ratio=translate.percent(ratio, 0))
        name = translate(f"model.trait_{trait.replace(' ', '_')}")
        st.subheader(name, anchor=False)
        st.html(markup.paragraph(verdict))
        heads = ("model.group", "model.applicants", "model.declined_good", "model.approval")
        rows = [_group(each, translate) for each in comparison.groups]
        st.html(markup.table(name, [translate(head) for head in heads], rows, titled=False))


def _group(group: FairnessGroup, translate: Texts) -> tuple[str, ...]:
    def rate(value: float | None) -> str:
        return translate("profile.missing") if value is None else translate.percent(value)

    return (
        escape(translate.category(group.group))
        + (f" ({escape(translate('model.small'))})" if group.small else ""),
        translate.number(group.applicants),
        rate(group.false_positive_rate),
        markup.emphasised(
            rate(group.approval_rate),
            translate(
                "model.between", low=rate(group.approval_rate_low), high=rate(group.approval_rate_high)
            ),
        ),
    )


def _explanations(report: ModelReport, translate: Texts) -> None:
    st.header(translate("model.explanations"), anchor=False)
    failed = report.explanations.failed
    key = "model.explanations_fail" if failed else "model.explanations_pass"
    st.html(markup.paragraph(translate(key)))
    stable = report.explanations.stability
    st.html(
        markup.figures(
            (
                (
                    translate("model.overlap"),
                    translate.percent(stable["overlap"], 0),
                    translate("model.overlap_note"),
                ),
                (
                    translate("model.same_first"),
                    translate.percent(stable["same_first"], 0),
                    translate("model.same_first_note"),
                ),
            )
        )
    )
