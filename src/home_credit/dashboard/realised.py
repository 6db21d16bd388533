"""Realised defaults: what became of granted loans, by month and grade, against what was estimated when deciding."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import failures, markup, waiting
from home_credit.errors import ApiError

if TYPE_CHECKING:
    from home_credit.client import ApiClient
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas.verdicts import RealisedPerformance, Vintage

NO_BREAK_HYPHEN = "\u2011"


def show(api: ApiClient, translate: Texts) -> None:
    """Draw the stored outcomes, or how they are brought in."""
    st.header(translate("portfolio.realised"), anchor=False)
    try:
        found = waiting.call(api.outcomes)
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            st.html(markup.notice("info", translate("portfolio.realised_none")))
        else:
            failures.show(error, translate, key="retry_outcomes")
        return
    st.caption(translate("portfolio.realised_caption"))
    if found.simulated:
        st.html(markup.notice("warning", translate("portfolio.realised_simulated")))
    _figures(found, translate)
    heads = [translate(f"portfolio.{head}") for head in ("month", "realised_known", "mean", "realised_rate")]
    rows = [_month(each, translate) for each in found.vintages]
    st.html(markup.table(translate("portfolio.realised_months"), heads, rows))
    if found.grades:
        heads = [translate("find.grade"), *heads[1:]]
        grades = [
            (
                escape(each.grade),
                translate.number(each.applicants),
                translate.percent(each.mean_probability),
                _rate(each.observed_rate, each.low, each.high, translate),
            )
            for each in found.grades
        ]
        st.html(markup.table(translate("portfolio.realised_grades"), heads, grades))


def _figures(found: RealisedPerformance, translate: Texts) -> None:
    rate = found.default_rate
    spread = translate(
        "portfolio.realised_range", low=translate.percent(rate.low), high=translate.percent(rate.high)
    )
    holds = translate("portfolio.realised_holds" if found.estimate_holds else "portfolio.realised_differs")
    defaults = sum(each.defaults for each in found.vintages)
    granted = translate("portfolio.realised_of", count=translate.number(found.decided))
    st.html(
        markup.figures(
            [
                (translate("portfolio.realised_known"), translate.number(found.known), granted),
                (translate("portfolio.realised_defaults"), translate.number(defaults), ""),
                (translate("portfolio.realised_rate"), translate.percent(rate.value), spread),
                (translate("portfolio.realised_estimated"), translate.percent(found.estimated_rate), holds),
            ]
        )
    )


def _month(each: Vintage, translate: Texts) -> tuple[str, str, str, str]:
    known = translate.number(each.known)
    of = translate("portfolio.realised_of", count=translate.number(each.decided))
    realised, estimated = each.realised_rate, each.estimated_rate
    partial = not each.mature and each.known > 0
    return (
        escape(_month_of(each.month, translate)),
        markup.emphasised(known, f"{of}, {translate('portfolio.partial')}" if partial else of),
        escape(translate("portfolio.unknown") if estimated is None else translate.percent(estimated)),
        escape(translate("portfolio.unknown"))
        if realised is None
        else _rate(realised.value, realised.low, realised.high, translate),
    )


def _month_of(text: str, translate: Texts) -> str:
    """Write a month, given as 2026-11, so that it does not break."""
    year, _, month = text.partition("-")
    return f"{month}/{year}" if translate.language == "fr" else f"{year}{NO_BREAK_HYPHEN}{month}"


def _rate(rate: float, low: float, high: float, translate: Texts) -> str:
    spread = translate("portfolio.realised_range", low=translate.percent(low), high=translate.percent(high))
    return markup.emphasised(translate.percent(rate), spread)
