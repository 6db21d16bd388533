"""Page *Comparer*: where an applicant stands among all known applicants, or among those who are alike."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, get_args

import streamlit as st

from home_credit.dashboard import charts, failures, finding, markup, plots, profile, shell, waiting
from home_credit.errors import ApiError
from home_credit.schemas import AgeBand, Contract
from home_credit.schemas.reports import Segment

if TYPE_CHECKING:
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas.reports import Comparison, Standing

ENTERED = "compare_client"
REGIONS = (1, 2, 3)
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
        st.html(markup.notice("warning", translate("compare.nobody")))
        return
    st.html(markup.paragraph(translate("compare.among", count=translate.number(found.applicants))))
    _chart(found, translate)
    _table(found, translate)


def _segment(translate: Texts) -> Segment:
    with st.container(horizontal=True):
        contract: Any = _choice("compare.contract", get_args(Contract), translate, translate.category)
        age: Any = _choice("find.age", get_args(AgeBand), translate, translate.category)
        region = _choice("compare.region", REGIONS, translate, str)
    return Segment(contract=contract, age_band=age, region=region)


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
    y = {
        "field": "label",
        "type": "nominal",
        "sort": None,
        "axis": plots.axis("", theme, labelLimit=420, grid=False, labelFontSize=12),
    }
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
    st.vega_lite_chart(
        spec=charts.spec(height=24 * len(values) + 30, translate=translate, layer=[band, point]),
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
    return translate.percent(value) if standing.unit == "share" else translate.value(value)
