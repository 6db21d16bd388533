"""A decision as the loan officer sees it: verdict, risk, reasons, applicant, record."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import charts, markup, profile, recourse_view, shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.contract import DecisionRecord, ModelFacts, Reason, Recourse
    from home_credit.dashboard.texts import Texts
    from home_credit.errors import ApiError

MAIN_REASONS = 8


@dataclass(frozen=True, slots=True)
class Case:
    """A decision as recorded, and the model that decides now: most often the one that took it.

    ``recourse`` is ``None`` where the application was approved.
    """

    record: DecisionRecord
    model: ModelFacts
    recourse: Recourse | ApiError | None


def show(case: Case, say: Texts) -> None:
    """Draw all of it."""
    decision = case.record.decision
    st.html(
        markup.banner(
            decision.decision,
            say(f"decision.{decision.decision}"),
            say(f"decision.{decision.decision}_text"),
            (
                say("decision.client", id=decision.SK_ID_CURR),
                say("decision.on", time=say.time(decision.recorded_at, shell.zone())),
            ),
        )
    )
    if decision.warnings:
        st.html(markup.notes(say("warnings.heading"), decision.warnings))
    _risk(case, say)
    _reasons(decision.reasons, say)
    if case.recourse is not None:
        recourse_view.show(case.recourse, say)
    _profile(case.record, say)
    _traceability(case, say)


def _risk(case: Case, say: Texts) -> None:
    decision = case.record.decision
    st.header(say("risk.heading"), anchor=False)
    probability, cut_off = say.percent(decision.probability_of_default), say.percent(decision.cut_off)
    # The difference of the two figures as they are shown, so that the reader's subtraction agrees.
    gap = round(decision.probability_of_default * 100, 1) - round(decision.cut_off * 100, 1)
    points = say("risk.points", value=say.number(abs(gap), 1))
    margin = say("risk.margin_above" if gap > 0 else "risk.margin_below", points=points)
    # The band belongs to one model: another may have been put in its place since the decision.
    band = case.model.review_band if case.model.model_version == decision.model_version else None
    left, right = st.columns((2, 3), gap="medium", vertical_alignment="center")
    with left:
        st.html(
            markup.figures(
                (
                    (say("risk.probability"), probability, margin),
                    (say("risk.cut_off"), cut_off, ""),
                    (say("risk.score"), say.number(decision.score), ""),
                    (say("risk.grade"), decision.grade, ""),
                )
            )
        )
    with right:
        st.vega_lite_chart(
            spec=charts.gauge(decision.probability_of_default, decision.cut_off, band, say),
            theme=None,
            alt=say(
                "risk.gauge_alt",
                probability=probability,
                cut_off=cut_off,
                decision=say(f"decision.{decision.decision}"),
            ),
        )
        st.caption(
            say("risk.band", low=say.percent(band[0]), high=say.percent(band[1]))
            if band
            else say("risk.no_band")
        )


def _reasons(reasons: list[Reason], say: Texts) -> None:
    st.header(say("reasons.heading"), anchor=False)
    if not reasons:
        st.caption(say("reasons.none"))
        return
    strongest = sorted(reasons, key=lambda reason: -abs(reason.contribution))
    main, others = _harmful_first(strongest[:MAIN_REASONS]), _harmful_first(strongest[MAIN_REASONS:])
    st.caption(say("reasons.intro"))
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(markup.poles(say("reasons.lowers"), say("reasons.raises")))
        st.vega_lite_chart(
            spec=charts.reasons(main, say), theme=None, alt=say("reasons.chart_alt", count=len(main))
        )
    with right:
        _reason_table(main, say("reasons.table_caption"), say)
    if others:
        with st.expander(say("reasons.others", count=len(others))):
            _reason_table(others, say("reasons.others_caption"), say)


def _harmful_first(reasons: list[Reason]) -> list[Reason]:
    return sorted(reasons, key=lambda reason: -reason.contribution)


def _reason_table(reasons: Sequence[Reason], caption: str, say: Texts) -> None:
    heads = (say("reasons.reason"), say("reasons.value"), say("reasons.effect"))
    st.html(markup.table(caption, heads, [_row(reason, say) for reason in reasons]))


def _row(reason: Reason, say: Texts) -> tuple[str, str, str]:
    effect = say("reasons.raises_risk" if reason.contribution > 0 else "reasons.lowers_risk")
    return (
        f"{escape(getattr(reason.text, say.language))}<br>{markup.code(reason.feature)}",
        escape(say.value(reason.value)),
        f"<strong>{say.number(reason.contribution, 2, signed=True)}</strong><br>{escape(effect)}",
    )


def _profile(record: DecisionRecord, say: Texts) -> None:
    st.header(say("profile.heading"), anchor=False)
    st.caption(say("profile.source"))
    application = record.bundle.application
    parts = [
        markup.facts(profile.facts(application, group, say), say(f"profile.{group}"))
        for group in profile.GROUPS
    ]
    history = profile.history_counts(record.bundle, say)
    st.html(markup.cards([*parts, markup.facts(history, say("history.heading"), wide=True)]))


def _traceability(case: Case, say: Texts) -> None:
    decision = case.record.decision
    st.header(say("record.heading"), anchor=False)
    pairs = [
        (say("record.decision_id"), decision.decision_id),
        (say("record.recorded_at"), say.time(decision.recorded_at, shell.zone())),
        (say("record.model_version"), decision.model_version),
    ]
    if case.model.model_version == decision.model_version:
        pairs.append((say("record.trained_at"), say.time(case.model.trained_at, shell.zone())))
    st.html(markup.facts(pairs, wide=True))
    st.download_button(
        say("record.download"),
        data=lambda: case.record.model_dump_json(indent=2),
        file_name=f"decision-{decision.decision_id}.json",
        mime="application/json",
        on_click="ignore",
    )
