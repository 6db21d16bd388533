"""Page *Client*: find an applicant, decide, and show the decision with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import charts, markup, profile, shell
from home_credit.errors import ApiError

if TYPE_CHECKING:
    from home_credit.client import ApiClient
    from home_credit.contract import ApplicantList, DecisionRecord, ModelFacts, Reason
    from home_credit.dashboard.texts import Texts

WANTED = "client"  # key of the input and name of the query parameter
OUTCOME = "outcome"
AFTER = "applicants_after"
EXAMPLES = 6
# The SK_ID_CURR of the tables have six digits; no 64-bit integer has more than 18 for certain.
LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class Case:
    """A decision as recorded, and the model that took it."""

    record: DecisionRecord
    model: ModelFacts


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the request for ``entered``; kept so that a redraw doesn't decide (and record) again."""

    entered: str
    result: Case | ApiError | None  # None: not a number


def show() -> None:
    """Draw the page."""
    say, api = shell.language(), shell.api()
    st.title(say("search.title"), anchor=False)
    try:
        with st.spinner(say("wait.starting")):
            known = _applicants(api.base_url, api, st.session_state.get(AFTER, 0), EXAMPLES)
    except ApiError as error:
        _search(None, say)
        _failure("", error, say)
        return
    submitted = _search(known, say)
    wanted = (st.session_state.get(WANTED) or "").strip()
    outcome: Outcome | None = st.session_state.get(OUTCOME)
    if wanted and (submitted or outcome is None or outcome.entered != wanted):
        with st.spinner(say("wait.deciding")):
            outcome = st.session_state[OUTCOME] = _assess(api, wanted)
    if not wanted or outcome is None:
        st.info(say("search.start" if known.total else "search.none_known"))
    elif outcome.result is None:
        st.warning(say("search.invalid", entered=wanted))
    elif isinstance(outcome.result, ApiError):
        _failure(wanted, outcome.result, say)
    else:
        _case(outcome.result, say)


@st.cache_data(ttl=300, show_spinner=False)
def _applicants(base_url: str, _api: ApiClient, after: int, limit: int) -> ApplicantList:  # noqa: ARG001
    # base_url is the cache's key; names with an underscore are left out of it.
    return _api.applicants(after, limit)


def _search(known: ApplicantList | None, say: Texts) -> bool:
    """Draw the search with some known applicants; return whether a number was submitted."""
    with st.form("search", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        example = known.applicants[0] if known and known.applicants else 100001
        st.text_input(
            say("search.label"),
            key=WANTED,
            bind="query-params",
            max_chars=LONGEST_ID + 6,
            placeholder=say("search.placeholder", example=example),
            width=320,
        )
        submitted = st.form_submit_button(say("search.submit"), type="primary")
    if known and known.total:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="examples"):
            st.caption(say("search.examples", total=say.number(known.total)), width="content")
            for applicant in known.applicants:
                st.button(str(applicant), key=f"pick_{applicant}", on_click=_pick, args=(str(applicant),))
            if known.total > EXAMPLES:
                more = len(known.applicants) == EXAMPLES
                st.button(
                    say("search.more" if more else "search.again"),
                    type="tertiary",
                    on_click=st.session_state.__setitem__,
                    args=(AFTER, known.applicants[-1] if more else 0),
                )
    return submitted


def _pick(applicant: str) -> None:
    st.session_state[WANTED] = applicant


def _assess(api: ApiClient, entered: str) -> Outcome:
    digits = "".join(entered.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_ID):
        return Outcome(entered, None)
    try:
        decision = api.predict_applicant(int(digits))
        return Outcome(entered, Case(api.decision(decision.decision_id), api.model()))
    except ApiError as error:
        return Outcome(entered, error)


def _failure(entered: str, error: ApiError, say: Texts) -> None:
    match error.status:
        case None | 502 | 504:
            key = "error.unreachable"
        case 404 if entered:
            key = "error.unknown_client"
        case 401 | 403:
            key = "error.refused"
        case 413 | 422:
            key = "error.invalid_data"
        case 429:
            key = "error.busy"
        case 503:
            key = "error.unavailable"
        case _:
            key = "error.unexpected"
    st.error(say(key, entered=entered))
    if key != "error.unknown_client":
        st.caption(say("error.detail", detail=str(error)))


def _case(case: Case, say: Texts) -> None:
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
    left, right = st.columns((2, 3), gap="large", vertical_alignment="center")
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
    harmful_first = sorted(reasons, key=lambda reason: -reason.contribution)
    st.caption(say("reasons.intro"))
    left, right = st.columns(2, gap="large")
    with left:
        st.html(markup.poles(say("reasons.lowers"), say("reasons.raises")))
        st.vega_lite_chart(
            spec=charts.reasons(harmful_first, say),
            theme=None,
            alt=say("reasons.chart_alt", count=len(reasons)),
        )
    with right:
        st.html(
            markup.table(
                say("reasons.table_caption"),
                (say("reasons.reason"), say("reasons.value"), say("reasons.effect")),
                [_row(reason, say) for reason in harmful_first],
            )
        )


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
