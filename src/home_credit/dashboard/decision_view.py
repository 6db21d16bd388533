"""A decision for the loan officer: verdict, risk, reasons, applicant, record."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import charts, markup, profile, recourse_view, shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.dashboard.texts import Texts
    from home_credit.errors import ApiError
    from home_credit.schemas import DecisionRecord, ModelFacts, Reason, Recourse

MAIN_REASONS = 8


@dataclass(frozen=True, slots=True)
class Case:
    """A recorded decision, and the model in use now, which need not be the one that decided.

    ``recourse`` is ``None`` where the application was approved.
    """

    record: DecisionRecord
    model: ModelFacts
    recourse: Recourse | ApiError | None


def show(case: Case, translate: Texts) -> None:
    """Draw the decision."""
    decision = case.record.decision
    st.html(
        markup.banner(
            decision.decision,
            translate(f"decision.{decision.decision}"),
            translate(f"decision.{decision.decision}_text"),
            (
                translate("decision.client", id=decision.SK_ID_CURR),
                translate("decision.on", time=translate.time(decision.recorded_at, shell.zone())),
            ),
        )
    )
    if decision.warnings:
        st.html(markup.notes(translate("warnings.heading"), decision.warnings))
    _risk(case, translate)
    _reasons(decision.reasons, translate)
    if case.recourse is not None:
        recourse_view.show(case.recourse, translate)
    _profile(case.record, translate)
    _traceability(case, translate)


def _risk(case: Case, translate: Texts) -> None:
    decision = case.record.decision
    st.header(translate("risk.heading"), anchor=False)
    probability, cut_off = (
        translate.percent(decision.probability_of_default),
        translate.percent(decision.cut_off),
    )
    # The difference of the two rounded figures, so that it agrees with what is shown.
    gap = round(decision.probability_of_default * 100, 1) - round(decision.cut_off * 100, 1)
    points = translate("risk.points", value=translate.number(abs(gap), 1))
    margin = translate("risk.margin_above" if gap > 0 else "risk.margin_below", points=points)
    # The review band is known for the model in use; another one may have made the decision.
    band = case.model.review_band if case.model.model_version == decision.model_version else None
    left, right = st.columns((2, 3), gap="medium", vertical_alignment="center")
    with left:
        st.html(
            markup.figures(
                (
                    (translate("risk.probability"), probability, margin),
                    (translate("risk.cut_off"), cut_off, ""),
                    (translate("risk.score"), translate.number(decision.score), ""),
                    (translate("risk.grade"), decision.grade, ""),
                )
            )
        )
    with right:
        st.vega_lite_chart(
            spec=charts.gauge(decision.probability_of_default, decision.cut_off, band, translate),
            theme=None,
            alt=translate(
                "risk.gauge_alt",
                probability=probability,
                cut_off=cut_off,
                decision=translate(f"decision.{decision.decision}"),
            ),
        )
        st.caption(
            translate("risk.band", low=translate.percent(band[0]), high=translate.percent(band[1]))
            if band
            else translate("risk.no_band")
        )


def _reasons(reasons: list[Reason], translate: Texts) -> None:
    st.header(translate("reasons.heading"), anchor=False)
    if not reasons:
        st.caption(translate("reasons.none"))
        return
    strongest = sorted(reasons, key=lambda reason: -abs(reason.contribution))
    main, others = _harmful_first(strongest[:MAIN_REASONS]), _harmful_first(strongest[MAIN_REASONS:])
    st.caption(translate("reasons.intro"))
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(markup.poles(translate("reasons.lowers"), translate("reasons.raises")))
        st.vega_lite_chart(
            spec=charts.reasons(main, translate),
            theme=None,
            alt=translate("reasons.chart_alt", count=len(main)),
        )
    with right:
        _reason_table(main, translate("reasons.table_caption"), translate)
    if others:
        with st.expander(translate("reasons.others", count=len(others))):
            _reason_table(others, translate("reasons.others_caption"), translate)


def _harmful_first(reasons: list[Reason]) -> list[Reason]:
    return sorted(reasons, key=lambda reason: -reason.contribution)


def _reason_table(reasons: Sequence[Reason], caption: str, translate: Texts) -> None:
    heads = (translate("reasons.reason"), translate("reasons.value"), translate("reasons.effect"))
    st.html(markup.table(caption, heads, [_row(reason, translate) for reason in reasons]))


def _row(reason: Reason, translate: Texts) -> tuple[str, str, str]:
    effect = translate("reasons.raises_risk" if reason.contribution > 0 else "reasons.lowers_risk")
    return (
        f"{escape(getattr(reason.text, translate.language))}<br>{markup.code(reason.feature)}",
        escape(translate.value(reason.value)),
        f"<strong>{translate.number(reason.contribution, 2, signed=True)}</strong><br>{escape(effect)}",
    )


def _profile(record: DecisionRecord, translate: Texts) -> None:
    st.header(translate("profile.heading"), anchor=False)
    st.caption(translate("profile.source"))
    application = record.bundle.application
    parts = [
        markup.facts(profile.facts(application, group, translate), translate(f"profile.{group}"))
        for group in profile.GROUPS
    ]
    history = profile.history_counts(record.bundle, translate)
    st.html(markup.cards([*parts, markup.facts(history, translate("history.heading"), wide=True)]))


def _traceability(case: Case, translate: Texts) -> None:
    decision = case.record.decision
    st.header(translate("record.heading"), anchor=False)
    pairs = [
        (translate("record.decision_id"), decision.decision_id),
        (translate("record.recorded_at"), translate.time(decision.recorded_at, shell.zone())),
        (translate("record.model_version"), decision.model_version),
    ]
    if case.model.model_version == decision.model_version:
        pairs.append((translate("record.trained_at"), translate.time(case.model.trained_at, shell.zone())))
    st.html(markup.facts(pairs, wide=True))
    st.download_button(
        translate("record.download"),
        data=lambda: case.record.model_dump_json(indent=2),
        file_name=f"decision-{decision.decision_id}.json",
        mime="application/json",
        on_click="ignore",
    )
