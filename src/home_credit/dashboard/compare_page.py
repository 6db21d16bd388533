"""Page *Comparer*: where an applicant stands among all known applicants, those of a group, or those nearest to it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, get_args

import streamlit as st

from home_credit.dashboard import (
    charts,
    compare_scatter,
    failures,
    finding,
    markup,
    plots,
    profile,
    shell,
    waiting,
)
from home_credit.errors import ApiError
from home_credit.schemas import AgeBand, Contract, Grade, IncomeType
from home_credit.schemas.comparisons import Segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.dashboard.texts import Texts
    from home_credit.schemas.comparisons import Comparison, Standing

ENTERED = "compare_client"
REGIONS = (1, 2, 3)
ROW, NAME_ABOVE = 38, -13  # pixels
# Ratios to the monthly income, which their names tell in months.
MONTHS_OF_INCOME = frozenset({"APP_CREDIT_TO_INCOME", "MIX_DEBT_TO_INCOME", "MIX_CARD_BALANCE_TO_INCOME"})
LOW, MIDDLE, HIGH = 10.0, 50.0, 90.0  # quantiles that the table shows, in per cent


def show() -> None:
    """Draw the page."""
    translate, api = shell.language(), shell.api()
    st.title(translate("compare.title"), anchor=False)
    st.caption(translate("compare.intro"))
    number = finding.client_field(ENTERED, translate)
    segment = _segment(translate)
    if number is None:
        return
    try:
        found = waiting.call(api.comparison, number, segment)
    except ApiError as error:
        failures.show(error, translate, entered=str(number))
        return
    if not found.applicants:
        ungraded = segment.grade is not None and found.graded_by is None
        st.html(markup.notice("warning", translate("compare.ungraded" if ungraded else "compare.nobody")))
        return
    st.html(markup.paragraph(_among(found, translate)))
    _chart(found, translate)
    compare_scatter.show(api, number, found, translate)
    _table(found, translate)


def _segment(translate: Texts) -> Segment:
    def category(column: str) -> Callable[[str], str]:
        return lambda value: translate.category(value, column)

    with st.container(horizontal=True):
        contract: Any = _choice(
            "compare.contract", get_args(Contract), translate, category("NAME_CONTRACT_TYPE")
        )
        income: Any = _choice("compare.income", get_args(IncomeType), translate, category("NAME_INCOME_TYPE"))
        grade: Any = _choice("find.grade", get_args(Grade), translate, str)
        age: Any = _choice("find.age", get_args(AgeBand), translate, translate.category)
        region = _choice("compare.region", REGIONS, translate, str)
    similar = st.toggle(
        translate("compare.similar"), help=translate("compare.similar_help"), key="compare_similar"
    )
    return Segment(
        contract=contract, income_type=income, grade=grade, age_band=age, region=region, similar=similar
    )


def _among(found: Comparison, translate: Texts) -> str:
    """Return whom the applicant is compared with, and what has to be known of them."""
    count = translate.number(found.applicants)
    said = [translate("compare.nearest" if found.segment.similar else "compare.among", count=count)]
    if found.sampled:
        said.append(translate("compare.sampled"))
    if found.segment.grade is not None and found.graded_by is not None:
        said.append(translate("compare.graded", version=found.graded_by))
    return " ".join(said)


def _choice(label: str, options: Any, translate: Texts, written: Any) -> Any:
    return st.selectbox(
        translate(label),
        options,
        index=None,
        format_func=written,
        placeholder=translate("find.any"),
        key=label,
        width=240,
    )


def _at(standing: Standing, levels: list[float], level: float) -> float | None:
    """Return the stored quantile that is nearest to a level."""
    if not standing.quantiles:
        return None
    place = min(range(len(levels)), key=lambda each: abs(levels[each] - level))
    return standing.quantiles[place]


def _chart(found: Comparison, translate: Texts) -> None:
    """Draw the percentile of each figure on a scale from the lowest to the highest of the group."""
    values = [
        {"label": translate.of(each.label), "percentile": each.percentile / 100}
        for each in found.figures
        if each.percentile is not None
    ]
    if not values:
        return
    theme, inks = shell.theme(), charts.INKS[shell.theme()]
    y = {"field": "label", "type": "nominal", "sort": None, "axis": None}
    x = {
        "field": "percentile",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": plots.axis(translate("compare.axis"), theme, format=".0%"),
    }
    data = {"values": values}
    band = {
        "data": data,
        "mark": {"type": "rule", "color": inks.line, "opacity": 0.5, "strokeWidth": 6, "tooltip": None},
        "encoding": {"y": y, "x": {"datum": 0, "type": "quantitative"}, "x2": {"datum": 1}},
    }
    point = {
        "data": data,
        "mark": {"type": "point", "filled": True, "size": 110, "color": charts.RAISES, "tooltip": None},
        "encoding": {"y": y, "x": x},
    }
    # Above its line a name has the whole width, on a phone too.
    name = {
        "data": data,
        "mark": {
            "type": "text",
            "align": "left",
            "dy": NAME_ABOVE,
            "limit": {"expr": "width"},
            "fontSize": 12,
            "color": inks.ink,
            "tooltip": None,
        },
        "encoding": {
            "y": y,
            "x": {"datum": 0, "type": "quantitative"},
            "text": {"field": "label"},
        },
    }
    st.vega_lite_chart(
        spec=charts.spec(height=ROW * len(values) + 30, translate=translate, layer=[band, point, name]),
        theme=None,
        alt=translate("compare.chart_alt", count=len(values)),
    )


def _table(found: Comparison, translate: Texts) -> None:
    rows = [
        (
            escape(translate.of(each.label)),
            escape(_written(each, each.value, translate)),
            escape(
                translate(
                    "model.between",
                    low=_written(each, _at(each, found.levels, LOW), translate),
                    high=_written(each, _at(each, found.levels, HIGH), translate),
                )
            ),
            markup.emphasised(
                translate("reviews.none") if each.percentile is None else f"{each.percentile:.0f}",
                _written(each, _at(each, found.levels, MIDDLE), translate),
            ),
        )
        for each in found.figures
    ]
    heads = [translate(f"compare.{head}") for head in ("figure", "client", "usual", "rank")]
    st.html(markup.table(translate("compare.table"), heads, rows))


def _written(standing: Standing, value: float | None, translate: Texts) -> str:
    if value is None:
        return translate("profile.missing")
    if standing.figure.startswith("DAYS_"):
        return profile.years(value, translate)
    if standing.unit == "days":
        return translate("compare.days", value=translate.number(value, 1))
    if standing.figure in MONTHS_OF_INCOME:
        return translate("recourse.months", value=translate.number(value, 1))
    return translate.percent(value) if standing.unit in {"share", "ratio"} else translate.value(value)
