"""Page *Revues*: cases that await a human, the human's decision and its reason, and how often it was another one."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, get_args

import streamlit as st
from pydantic import ValidationError

from home_credit.dashboard import access, decision_view, failures, markup, paging, replay_view, shell, waiting
from home_credit.errors import ApiError
from home_credit.schemas import DecisionQuery, ReviewRequest
from home_credit.schemas.requests import ReasonCode, ReviewedAs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.client import ApiClient
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import DecisionRecord, DecisionSummary, Review, ReviewStatistics

CHOSEN, TOLD, STATE, OFFERED = "decision", "review_told", "review_state", "review_offered"
CURSORS = "review_cursors"
SHOWN = 20
WAITING: Final = ("open", "second", "reviewed")
LONGEST_REASON = 2_000  # characters
LONGEST_ID = 64
GONE: Final = {404: "reviews.unknown", 410: "reviews.erased"}


def show() -> None:
    """Draw the page."""
    translate, api = shell.language(), shell.api()
    st.title(translate("reviews.title"), anchor=False)
    told = st.session_state.pop(TOLD, None)
    if told:
        st.html(markup.notice("info", translate(told)))
    try:
        statistics = waiting.call(api.review_statistics)
        _queue(api, statistics, translate)
        chosen = st.session_state.get(CHOSEN) or st.query_params.get(CHOSEN) or ""
        if chosen:
            _case(api, chosen[:LONGEST_ID], translate)
    except ApiError as error:
        failures.show(error, translate)
    else:
        _statistics(statistics, translate)


def _queue(api: ApiClient, statistics: ReviewStatistics, translate: Texts) -> None:
    state = st.segmented_control(
        translate("reviews.state"),
        WAITING,
        required=True,
        default="open",
        format_func=lambda name: translate(f"reviews.{name}"),
        key=STATE,
        on_change=st.session_state.pop,
        args=(CURSORS, None),
        label_visibility="collapsed",
    )
    # The cursors of the pages up to the one that is shown; the first page has none.
    cursors: list[str | None] = st.session_state.setdefault(CURSORS, [None])
    order: Literal["newest", "oldest"] = "newest" if state == "reviewed" else "oldest"
    found = waiting.call(
        api.decisions, DecisionQuery(review=state, order=order, limit=SHOWN, cursor=cursors[-1])
    )
    if not found.decisions:
        st.html(markup.notice("info", translate("reviews.nothing")))
    else:
        _cases(found.decisions, translate)
    total = {"open": statistics.open, "second": statistics.second}.get(state)
    if found.next or len(cursors) > 1:
        _pages(cursors, len(found.decisions), found.next, total, translate)
    elif found.decisions:
        st.caption(translate("reviews.order" if order == "oldest" else "reviews.order_latest"))


def _cases(found: Sequence[DecisionSummary], translate: Texts) -> None:
    with st.container(horizontal=True, gap="small", key="queue"):
        for each in found:
            st.button(
                _label(each, translate),
                key=f"case_{each.decision_id}",
                on_click=st.session_state.__setitem__,
                args=(CHOSEN, each.decision_id),
            )


def _pages(
    cursors: list[str | None], number: int, following: str | None, total: int | None, translate: Texts
) -> None:
    """Draw which cases of the queue are shown, and the buttons that lead to the page before and after."""
    first = SHOWN * (len(cursors) - 1) + 1
    last = translate.number(first + number - 1)
    place = {"first": translate.number(first), "last": last}
    with st.container(horizontal=True, vertical_alignment="center", key="queue_pages"):
        paging.buttons(
            CURSORS,
            translate,
            before=cursors[:-1] if len(cursors) > 1 else None,
            after=[*cursors, following] if following else None,
            key="queue",
        )
        if total is None:
            st.caption(translate("reviews.part", **place), width="content")
        else:
            st.caption(translate("reviews.of", total=translate.number(total), **place), width="content")


def _label(each: DecisionSummary, translate: Texts) -> str:
    days = (datetime.now(UTC) - (each.decided_at or each.recorded_at)).days
    age = translate("reviews.today") if days < 1 else translate("reviews.days", days=translate.number(days))
    label = translate("reviews.case", id=each.SK_ID_CURR, grade=each.grade, age=age)
    return f"{label} · {translate('reviews.simulated')}" if each.decided_at else label


def _case(api: ApiClient, decision_id: str, translate: Texts) -> None:
    try:
        record = waiting.call(api.decision, decision_id)
    except ApiError as error:
        if error.status not in GONE:
            raise
        st.html(markup.notice("warning", translate(GONE[error.status], entered=decision_id)))
        return
    _show_case(api, record, translate)


def _show_case(api: ApiClient, record: DecisionRecord, translate: Texts) -> None:
    decision_id, stands = record.decision.decision_id, record.decision.decided_at
    if stands:
        zone = shell.zone()
        times = {
            "time": translate.day(stands, zone),
            "recorded": translate.time(record.decision.recorded_at, zone),
        }
        st.html(markup.notice("info", translate("reviews.simulated_case", **times)))
    decision_view.show_answer(decision_view.Case(record), translate)
    st.header(translate("reviews.human"), anchor=False)
    if record.reviews:
        _history(record, translate)
    if record.review in {"open", "second"} or (
        record.review == "none"
        and record.decision.decision == "declined"
        and (stands or not record.decision.simulation)
    ):
        st.session_state[OFFERED] = decision_id
        _form(api, record, translate)
    elif st.session_state.pop(OFFERED, None) == decision_id:
        # The form stood there a moment ago, and another person was quicker.
        st.html(markup.notice("warning", translate("error.conflict")))
    elif not record.reviews:
        st.html(markup.notice("info", translate("reviews.not_needed")))
    _replay(api, record, translate)


def _history(record: DecisionRecord, translate: Texts) -> None:
    rows = [_row(each, translate) for each in record.reviews]
    heads = [translate(f"reviews.{head}") for head in ("when", "reviewer", "reason", "decided")]
    st.html(markup.table(translate("reviews.history"), heads, rows))


def _row(review: Review, translate: Texts) -> tuple[str, ...]:
    kind = translate("reviews.override" if review.override else "reviews.confirmed")
    return (
        escape(translate.time(review.recorded_at, shell.zone())),
        escape(review.reviewer),
        f"{escape(translate(f'reviews.code_{review.reason_code}'))}<br>{escape(review.reason)}",
        markup.emphasised(translate(f"decision.{review.decision}"), kind),
    )


def _form(api: ApiClient, record: DecisionRecord, translate: Texts) -> None:
    if record.review == "second":
        st.html(markup.notice("info", translate("reviews.second_needed")))
    with st.form("review_form"):
        decided = st.radio(
            translate("reviews.decision"),
            get_args(ReviewedAs),
            index=None,
            format_func=lambda kind: translate(f"reviews.as_{kind}"),
            horizontal=True,
        )
        code = st.selectbox(
            translate("reviews.reason_code"),
            get_args(ReasonCode),
            index=None,
            placeholder=translate("reviews.choose"),
            format_func=lambda name: translate(f"reviews.code_{name}"),
        )
        reason = st.text_area(translate("reviews.reason_text"), max_chars=LONGEST_REASON)
        st.caption(translate("reviews.recorded_note"))
        sent = st.form_submit_button(translate("reviews.send"), type="primary")
    if not sent:
        return
    if decided is None or code is None:
        st.html(markup.notice("warning", translate("reviews.incomplete")))
        return
    try:
        request = ReviewRequest(decision=decided, reason_code=code, reason=reason)
    except ValidationError:
        st.html(markup.notice("warning", translate("reviews.incomplete")))
        return
    try:
        waiting.call(api.review, record.decision.decision_id, request, reviewer=access.reviewer())
    except ApiError as error:
        if failures.cause(error) != "error.conflict":
            failures.show(error, translate, key="retry_review")
            return  # a conflict is told with the case as it is now
    else:
        st.session_state[TOLD] = "reviews.done"
        st.session_state.pop(OFFERED, None)
    st.rerun()


def _replay(api: ApiClient, record: DecisionRecord, translate: Texts) -> None:
    if not st.button(translate("replay.button"), help=translate("replay.help"), key="replay"):
        return
    try:
        replayed = waiting.call(api.replay, record.decision.decision_id)
    except ApiError as error:
        if error.status == HTTPStatus.CONFLICT:
            st.html(markup.notice("warning", translate("replay.impossible"), error.detail))
        else:
            failures.show(error, translate, key="retry_replay")
        return
    replay_view.show(replayed, translate)


def _statistics(found: ReviewStatistics, translate: Texts) -> None:
    st.header(translate("reviews.statistics"), anchor=False)
    if found.simulated:
        st.caption(translate("reviews.simulated_reviews"))
    share = translate.percent(found.overrides / found.reviews) if found.reviews else translate("reviews.none")
    st.html(
        markup.figures(
            (
                (translate("reviews.open"), translate.number(found.open), translate("reviews.now")),
                (translate("reviews.second"), translate.number(found.second), translate("reviews.now")),
                (translate("reviews.made"), translate.number(found.reviews), translate("reviews.in_days")),
                (translate("reviews.overrides"), share, translate("reviews.overrides_note")),
            )
        )
    )
    if found.counts:
        by_reason: dict[tuple[str, str, str], int] = {}
        for each in found.counts:
            key = each.decision, each.reviewed_as, each.reason_code
            by_reason[key] = by_reason.get(key, 0) + each.reviews
        rows = [
            (
                escape(translate(f"decision.{kind}")),
                escape(translate(f"decision.{reviewed}")),
                escape(translate(f"reviews.code_{code}")),
                translate.number(count),
            )
            for (kind, reviewed, code), count in sorted(by_reason.items(), key=lambda item: -item[1])
        ]
        heads = [translate(f"reviews.{head}") for head in ("policy", "decided", "reason", "made")]
        st.html(markup.table(translate("reviews.by_reason"), heads, rows))
