"""A decision for the loan officer: the answer and why on the first screen, then what else is known."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import exp
from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from home_credit.dashboard import charts, history_charts, letter, markup, profile, recourse_view, shell
from home_credit.dashboard.arguments import arguments
from home_credit.dashboard.texts import texts
from home_credit.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.dashboard.arguments import Argument
    from home_credit.dashboard.texts import Texts
    from home_credit.errors import ApiError
    from home_credit.schemas import Decision, DecisionRecord, Reason, Recourse

EACH_WAY = 4  # reasons shown at once
# A reason multiplies or divides the odds of default by 1.25 and more, by 1.1 and more, or by less.
STRENGTHS: Final = (("strong", 0.2231), ("medium", 0.0953), ("weak", 0.0))
MOST_DECIMALS = 4


@dataclass
class Case:
    """A recorded decision, and its ``recourse`` once it was asked for.

    ``made_at`` is when it was made (:func:`time.monotonic`), ``None`` where it was read back.
    """

    record: DecisionRecord
    made_at: float | None = None
    recourse: Recourse | ApiError | None = None


def show_answer(case: Case, translate: Texts) -> None:
    """Draw the decision and why: what an officer needs first."""
    show_decision(
        case.record.decision, translate("decision.made" if case.made_at else "decision.last"), translate
    )


def show_decision(decision: Decision, known: str, translate: Texts) -> None:
    """Draw a decision and why; ``known`` says what kind of decision it is."""
    st.html(
        markup.banner(
            decision.decision,
            translate(f"decision.{decision.decision}"),
            translate(f"decision.{decision.decision}_text"),
            (
                translate("decision.client", id=decision.SK_ID_CURR),
                translate("decision.on", time=translate.time(decision.recorded_at, shell.zone())),
                known,
            ),
        )
    )
    left, right = st.columns((2, 3), gap="medium")
    with left:
        show_risk(decision, translate)
    with right:
        show_reasons(decision.reasons, translate)
    if decision.warnings:
        st.html(markup.notice("warning", translate("warnings.explained")))
        with st.expander(translate("warnings.heading", count=translate.number(len(decision.warnings)))):
            st.html(markup.notes(decision.warnings))


def show_rest(case: Case, found: Recourse | ApiError | None, translate: Texts) -> None:
    """Draw what would change the answer, the applicant, and the record."""
    if found is not None:
        recourse_view.show(found, translate)
    _letter(case.record, found, translate)
    _profile(case.record, translate)
    _details(case.record.decision.reasons, translate)
    _record(case.record, translate)


def percents(decision: Decision, translate: Texts) -> tuple[str, str]:
    """Return probability and cut-off with as many decimals as it takes to tell them apart."""
    probability, cut_off = decision.probability_of_default, decision.cut_off
    for decimals in range(1, MOST_DECIMALS + 1):
        written = translate.percent(probability, decimals), translate.percent(cut_off, decimals)
        if written[0] != written[1] or probability == cut_off:
            break
    return written


def strength(contribution: float) -> str:
    """Return how strong a reason is, by what it does to the odds of default."""
    return next(name for name, least in STRENGTHS if abs(contribution) >= least)


def show_risk(decision: Decision, translate: Texts) -> None:
    """Draw the probability on the scale of decisions, the grade and the score."""
    st.subheader(translate("risk.heading"), anchor=False)
    probability, cut_off = percents(decision, translate)
    st.vega_lite_chart(
        spec=charts.gauge(decision, (probability, cut_off), translate, shell.theme()),
        theme=None,
        alt=translate(
            "risk.gauge_alt",
            probability=probability,
            cut_off=cut_off,
            decision=translate(f"decision.{decision.decision}"),
        ),
    )
    band = decision.review_band
    st.caption(
        translate("risk.band", low=translate.percent(band[0]), high=translate.percent(band[1]))
        if band
        else translate("risk.no_band")
    )
    st.html(
        markup.figures(
            (
                (translate("risk.probability"), probability, translate("risk.of", cut_off=cut_off)),
                (translate("risk.grade"), decision.grade, _grade_means(decision, translate)),
                (
                    translate("risk.score"),
                    translate.number(decision.score),
                    translate(
                        "risk.score_means", points=translate.number(decision.scale.points_to_double_odds)
                    ),
                ),
            )
        )
    )


def _grade_means(decision: Decision, translate: Texts) -> str:
    low = 0.0
    for grade, high in decision.scale.grades.items():
        if grade == decision.grade:
            key = "risk.grade_last" if high >= 1 else "risk.grade_means"
            return translate(key, low=translate.percent(low), high=translate.percent(high))
        low = high
    return ""


def show_reasons(reasons: Sequence[Reason], translate: Texts) -> None:
    """Draw the strongest reasons against the applicant and those in favour."""
    st.subheader(translate("reasons.heading"), anchor=False)
    if not reasons:
        st.caption(translate("reasons.none"))
        return
    against, favour = arguments(((each.text, each.contribution) for each in reasons), translate)
    show_arguments(translate("reasons.against"), against[:EACH_WAY], "against", translate)
    show_arguments(translate("reasons.for"), favour[:EACH_WAY], "for", translate)
    st.caption(translate("reasons.strengths"))


def show_arguments(
    heading: str, chosen: Sequence[Argument], side: Literal["against", "for"], translate: Texts
) -> None:
    """Draw arguments under a heading, each with its strength; nothing where there is none."""
    if chosen:
        items = [(each.text, _strength(each.effect, translate)) for each in chosen]
        st.html(markup.arguments(heading, items, side))


def _strength(effect: float, translate: Texts) -> str:
    return translate(f"reasons.{strength(effect)}")


def _details(reasons: Sequence[Reason], translate: Texts) -> None:
    """Draw every reason with its code, for whoever has to look one up."""
    with st.expander(translate("reasons.details", count=len(reasons))):
        st.caption(translate("reasons.intro"))
        heads = (translate("reasons.reason"), translate("reasons.code"), translate("reasons.effect"))
        rows = [
            (
                f"{escape(translate.of(each.text))}<br>{markup.code(each.feature)}",
                markup.code(each.code),
                markup.emphasised(
                    f"× {translate.number(exp(each.contribution), 2)}",
                    _strength(each.contribution, translate),
                ),
            )
            for each in sorted(reasons, key=lambda reason: -reason.contribution)
        ]
        st.html(markup.table(translate("reasons.table_caption"), heads, rows))


def _profile(record: DecisionRecord, translate: Texts) -> None:
    st.header(translate("profile.heading"), anchor=False)
    st.caption(translate("profile.source"))
    application = record.bundle.application
    parts = [
        markup.facts(profile.facts(application, group, translate), translate(f"profile.{group}"))
        for group in profile.GROUPS
    ]
    st.html(markup.cards(parts))
    st.header(translate("history.heading"), anchor=False)
    st.html(markup.facts(profile.history_counts(record.bundle, translate), wide=True))
    for chart, key in (
        (history_charts.instalments(record.bundle, translate, shell.theme()), "history.instalments"),
        (history_charts.credits_elsewhere(record.bundle, translate, shell.theme()), "history.credits"),
    ):
        if chart is not None:
            st.subheader(translate(key), anchor=False)
            st.vega_lite_chart(spec=chart.spec, theme=None, alt=chart.alt)


def _letter(record: DecisionRecord, found: Recourse | ApiError | None, translate: Texts) -> None:
    if record.decision.simulation:
        return
    st.header(translate("letter.heading"), anchor=False)
    st.caption(translate("letter.caption"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            translate("letter.language"),
            LANGUAGES,
            required=True,
            default=translate.language,
            format_func=lambda code: translate(f"language.{code}"),
            key="letter_language",
        )
        written = texts(chosen)
        st.download_button(
            translate("letter.download"),
            data=lambda: letter.pdf(record, found, written, shell.zone()),
            file_name=f"{record.decision.SK_ID_CURR}-{record.decision.decision_id}.pdf",
            mime="application/pdf",
            on_click="ignore",
        )


def _record(record: DecisionRecord, translate: Texts) -> None:
    decision = record.decision
    st.header(translate("record.heading"), anchor=False)
    pairs = [
        (translate("record.decision_id"), decision.decision_id),
        (translate("record.recorded_at"), translate.time(decision.recorded_at, shell.zone())),
        (translate("record.model_version"), decision.model_version),
        (translate("record.review"), translate(f"record.review_{record.review}")),
    ]
    st.html(markup.facts(pairs, wide=True))
    st.download_button(
        translate("record.download"),
        data=lambda: record.model_dump_json(indent=2),
        file_name=f"decision-{decision.decision_id}.json",
        mime="application/json",
        on_click="ignore",
    )
