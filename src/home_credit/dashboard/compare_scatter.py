"""Two figures of an applicant and of those that it is compared with, as points of a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from home_credit.dashboard import charts, failures, markup, plots, shell, waiting
from home_credit.dashboard.profile import DAYS_PER_YEAR
from home_credit.errors import ApiError
from home_credit.schemas.comparisons import PointsQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.client import ApiClient
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas.comparisons import Axis, Comparison, Points

# Points lie on top of each other; on a dark page faint ones are not seen.
OPACITY: Mapping[charts.Theme, float] = {"light": 0.45, "dark": 0.9}
FIRST = ("AMT_INCOME_TOTAL", "AMT_CREDIT")


def show(api: ApiClient, applicant: int, compared: Comparison, translate: Texts) -> None:
    """Draw the choice of two figures and the plot of them, for the group of a comparison."""
    st.subheader(translate("compare.scatter"), anchor=False)
    names = {each.figure: translate.of(each.label) for each in compared.figures}
    with st.container(horizontal=True):
        x, y = (_choice(axis, names, first, translate) for axis, first in zip("xy", FIRST, strict=True))
    query = PointsQuery(**dict(compared.segment), x=x, y=y)
    try:
        found = waiting.call(api.comparison_points, applicant, query)
    except ApiError as error:
        failures.show(error, translate, key="retry_points")
        return
    if not found.x.values:
        st.html(markup.notice("info", translate("compare.no_points")))
        return
    shown = {"shown": translate.number(len(found.x.values)), "count": translate.number(found.applicants)}
    st.caption(translate("compare.scatter_caption", **shown))
    st.vega_lite_chart(
        spec=_plot(found, translate),
        theme=None,
        alt=translate("compare.scatter_alt", x=names[x], y=names[y], **shown),
    )


def _choice(axis: str, names: dict[str, str], first: str, translate: Texts) -> Any:
    return st.selectbox(
        translate(f"compare.{axis}"),
        list(names),
        index=list(names).index(first),
        format_func=names.__getitem__,
        key=f"compare_{axis}",
        width=380,
    )


def _plot(found: Points, translate: Texts) -> charts.Spec:
    theme = shell.theme()
    others = [
        {"x": _scaled(found.x, x), "y": _scaled(found.y, y), "who": translate("compare.others")}
        for x, y in zip(found.x.values, found.y.values, strict=True)
    ]
    own = []
    if found.x.value is not None and found.y.value is not None:
        at = {"x": _scaled(found.x, found.x.value), "y": _scaled(found.y, found.y.value)}
        own.append({**at, "who": translate("compare.own")})
    encoding = {
        "x": _axis("x", found.x, theme, translate),
        "y": _axis("y", found.y, theme, translate),
        "color": _by([charts.LOWERS, charts.RAISES], translate, legend=plots.legend(theme)),
        "shape": _by(["circle", "diamond"], translate, legend=plots.legend(theme)),
    }
    marks = ((others, 36, OPACITY[theme]), (own, 220, 1.0))
    layer: list[charts.Spec] = [
        {
            "data": {"values": values},
            "mark": {"type": "point", "filled": True, "size": size, "opacity": opacity, "tooltip": None},
            "encoding": encoding,
        }
        for values, size, opacity in marks
    ]
    return charts.spec(height=340, translate=translate, layer=layer)


def _by(values: list[str], translate: Texts, **more: object) -> charts.Spec:
    domain = [translate("compare.others"), translate("compare.own")]
    return {"field": "who", "type": "nominal", "scale": {"domain": domain, "range": values}, **more}


def _axis(channel: str, axis: Axis, theme: charts.Theme, translate: Texts) -> charts.Spec:
    title = translate.of(axis.label)
    if axis.unit == "days" and axis.figure.startswith("DAYS_"):
        title = translate("form.ago_label", name=title)
    return {
        "field": channel,
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": plots.axis(title, theme, **({"format": ".0%"} if axis.unit == "share" else {})),
    }


def _scaled(axis: Axis, value: float) -> float:
    return value / DAYS_PER_YEAR if axis.figure.startswith("DAYS_") else value
