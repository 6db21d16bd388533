"""Page *Portefeuille*: what was decided over time, from the counts that the ledger keeps, and what became of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import failures, markup, plots, realised, shell, waiting
from home_credit.errors import ApiError
from home_credit.policy import GRADES
from home_credit.schemas.portfolios import PortfolioQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.dashboard.texts import Texts
    from home_credit.schemas.portfolios import DayCount

DAYS = (30, 90, 365)
KINDS = ("approved", "review", "declined")
WEEKLY_FROM = 90  # days; a longer time is counted by week


def show() -> None:
    """Draw the page."""
    translate, api = shell.language(), shell.api()
    st.title(translate("portfolio.title"), anchor=False)
    days = st.segmented_control(
        translate("portfolio.days"),
        DAYS,
        required=True,
        default=90,
        format_func=lambda count: translate("portfolio.last", days=count),
        key="portfolio_days",
    )
    today = datetime.now(UTC).date()
    try:
        found = waiting.call(
            api.portfolio, PortfolioQuery(since=today - timedelta(days=days - 1), until=today)
        )
    except ApiError as error:
        failures.show(error, translate)
        return
    if counted := _of_one_kind(found.counts, translate):
        _figures(counted, translate)
        _volumes(counted, translate, weekly=days >= WEEKLY_FROM)
        _grades(counted, translate)
    else:
        st.html(markup.notice("info", translate("portfolio.nothing")))
    realised.show(api, translate)


def _of_one_kind(counts: Sequence[DayCount], translate: Texts) -> Sequence[DayCount]:
    """Return the counts of real decisions, or of simulated ones: both are never added up.

    Where there are both, the reader chooses, and the larger part is shown first.
    """
    parts = {
        kind: [each for each in counts if each.simulation == (kind == "simulated")]
        for kind in ("real", "simulated")
    }
    sizes = {kind: sum(each.decisions for each in part) for kind, part in parts.items()}
    kind = max(sizes, key=lambda name: sizes[name])
    if all(sizes.values()):
        kind = st.segmented_control(
            translate("portfolio.kind"),
            tuple(parts),
            required=True,
            default=kind,
            format_func=lambda name: translate(f"portfolio.kind_{name}", count=translate.number(sizes[name])),
            key="portfolio_kind",
        )
    if kind == "simulated" and sizes[kind]:
        st.html(markup.notice("warning", translate("portfolio.simulated_only")))
    elif sizes["simulated"]:
        st.caption(translate("portfolio.simulated_too", count=translate.number(sizes["simulated"])))
    return parts[kind]


def _figures(counts: Sequence[DayCount], translate: Texts) -> None:
    total = sum(each.decisions for each in counts)
    by_kind = _by_kind(counts)
    mean = sum(each.decisions * each.mean_probability for each in counts) / total
    st.html(
        markup.figures(
            [
                (translate("portfolio.decisions"), translate.number(total), ""),
                *(
                    (
                        translate(f"decision.{kind}"),
                        translate.percent(by_kind[kind] / total),
                        translate("portfolio.cases", count=translate.number(by_kind[kind])),
                    )
                    for kind in KINDS
                ),
                (translate("portfolio.mean"), translate.percent(mean), translate("portfolio.mean_note")),
            ]
        )
    )


def _by_kind(counts: Sequence[DayCount]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for each in counts:
        counted[each.decision] += each.decisions
    return counted


def _volumes(counts: Sequence[DayCount], translate: Texts, *, weekly: bool) -> None:
    st.header(translate("portfolio.volumes"), anchor=False)
    st.caption(translate("portfolio.volumes_by_week" if weekly else "portfolio.volumes_by_day"))
    counted: defaultdict[tuple[date, str], int] = defaultdict(int)
    for each in counts:
        day = each.day - timedelta(days=each.day.weekday()) if weekly else each.day
        counted[day, each.decision] += each.decisions
    names = {kind: translate(f"decision.{kind}") for kind in KINDS}
    values = [
        {"x": day.isoformat(), "y": number, "kind": names[kind]}
        for (day, kind), number in sorted(counted.items())
    ]
    st.vega_lite_chart(
        spec=plots.stacked(values, list(names.values()), translate, shell.theme()),
        theme=None,
        alt=translate("portfolio.volumes_alt"),
    )


def _grades(counts: Sequence[DayCount], translate: Texts) -> None:
    st.header(translate("portfolio.grades"), anchor=False)
    counted: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    for each in counts:
        counted[each.grade][0] += each.decisions
        counted[each.grade][1] += each.decisions * each.mean_probability
    total = sum(number for number, _ in counted.values())
    rows = [
        (
            grade,
            translate.percent(expected / number),
            markup.emphasised(translate.percent(number / total), translate.number(number)),
        )
        for grade, _ in GRADES
        for number, expected in [counted[grade]]
        if number
    ]
    heads = (translate("find.grade"), translate("portfolio.mean"), translate("portfolio.share"))
    st.html(markup.table(translate("portfolio.grades_caption"), heads, rows))
