"""Page *Simuler*: what another loan, income or history would change, and applications that are not known yet.

Everything here is a simulation and marked as one; no decision on the applicant is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import streamlit as st

from home_credit.dashboard import failures, finding, shell, waiting, what_if, what_if_answer, what_if_new
from home_credit.errors import ApiError

if TYPE_CHECKING:
    from home_credit.client import ApiClient
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import Decision, PredictionRequest

OPENED, KNOWN, CHANGED = "what_if_client", "what_if_known", "what_if_changed"
MOST_DAYS = 365
MODES = ("known", "new", "rows")


class Limits(TypedDict):
    """The least and largest value that a field of a number takes."""

    min_value: float
    max_value: float


def show() -> None:
    """Draw the page."""
    translate, api = shell.language(), shell.api()
    st.title(translate("simulate.title"), anchor=False)
    st.caption(translate("simulate.intro"))
    mode = st.segmented_control(
        translate("simulate.mode"),
        MODES,
        required=True,
        default="known",
        format_func=lambda name: translate(f"simulate.{name}"),
        key="what_if_mode",
        label_visibility="collapsed",
    )
    try:
        if mode == "known":
            _known(api, translate)
        elif mode == "new":
            what_if_new.entered(api, translate)
        else:
            what_if_new.pasted(api, translate)
    except ApiError as error:
        failures.show(error, translate, entered=st.session_state.get(OPENED) or "")


def _known(api: ApiClient, translate: Texts) -> None:
    number = finding.client_field(OPENED, translate)
    if number is None:
        return
    base, before = _base(api, number)
    left, right = st.columns((2, 3), gap="medium")
    with left:
        rows = _edited(base, translate)
    with right:
        after = before if rows == base else _changed(api, rows)
        what_if_answer.show(before, after, translate("decision.client", id=number), translate)


def _base(api: ApiClient, applicant: int) -> tuple[PredictionRequest, Decision]:
    """Return the applicant's rows and the simulated answer on them, asked for once."""
    kept = st.session_state.get(KNOWN)
    if kept is None or kept[0] != applicant:
        bundle = waiting.call(api.applicant, applicant).bundle
        kept = applicant, bundle, waiting.call(api.predict, bundle, simulation=True)
        st.session_state[KNOWN] = kept
    return kept[1], kept[2]


def _changed(api: ApiClient, rows: PredictionRequest) -> Decision:
    """Return the simulated answer on changed rows; a page that is drawn again asks for no other."""
    kept: tuple[PredictionRequest, Decision] | None = st.session_state.get(CHANGED)
    if kept is None or kept[0] != rows:
        kept = st.session_state[CHANGED] = rows, waiting.call(api.predict, rows, simulation=True)
    return kept[1]


def _edited(base: PredictionRequest, translate: Texts) -> PredictionRequest:
    """Draw the fields and return the rows with what stands in them."""
    applicant = base.application["SK_ID_CURR"]
    facts: dict[str, object] = {}
    st.subheader(translate("simulate.application"), anchor=False)
    for name, value in what_if.numbers(base, what_if.AMOUNTS):
        facts[name] = st.number_input(
            translate(f"fields.{name}"), value=value, **_limits(value, 1.0, what_if.LARGEST_AMOUNT),
            step=1000.0, format="%.0f", key=f"what_if_{applicant}_{name}",
        )  # fmt: skip
    for name, value in what_if.numbers(base, what_if.SCORES):
        facts[name] = st.number_input(
            translate(f"fields.{name}"), value=value, **_limits(value, 0.0, 1.0), step=0.05, format="%.3f",
            key=f"what_if_{applicant}_{name}",
        )  # fmt: skip
    # What was not touched keeps its bits: a field shows fewer digits than a table holds.
    facts = {
        name: value
        for name, value in facts.items()
        if value is not None and value != base.application.get(name)
    }
    st.subheader(translate("simulate.history"), anchor=False)
    owed = {}
    for number, debt in enumerate(what_if.debts(base), start=1):
        now = st.number_input(
            translate("simulate.debt", number=number), value=debt.owed,
            **_limits(debt.owed, 0.0, what_if.LARGEST_AMOUNT), step=1000.0, format="%.0f",
            key=f"what_if_{applicant}_debt_{debt.place}",
        )  # fmt: skip
        if now != debt.owed:
            owed[debt.place] = now
    late, instalment = None, what_if.last_instalment(base)
    if instalment is not None:
        place, days = instalment
        now_late = st.number_input(
            translate("simulate.late"), min_value=min(-MOST_DAYS, days), max_value=max(MOST_DAYS, days),
            value=days, step=1, key=f"what_if_{applicant}_late",
        )  # fmt: skip
        if now_late != days:
            late = place, now_late
    return what_if.changed(base, facts, owed, late) if facts or owed or late else base


def _limits(value: float | None, least: float, most: float) -> Limits:
    """Return what a field takes: the usual values, and the one that it holds where that is beyond them.

    Tables have debts below zero, where more was paid than was owed.
    """
    if value is None:
        return {"min_value": least, "max_value": most}
    return {"min_value": min(least, value), "max_value": max(most, value)}
