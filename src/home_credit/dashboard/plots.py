"""Plots of a page in the colours of the theme: bars over time, lines and points with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from home_credit.dashboard import charts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.dashboard.charts import Spec, Theme
    from home_credit.dashboard.texts import Texts

# Approved, referred, declined: told apart with every kind of colour blindness, and by their order.
DECISIONS = ("#1F6FA8", "#C99A1A", "#C4501B")


class Curve(NamedTuple):
    """Points ``x`` and ``y`` from left to right, the titles of both axes, and the formats of their numbers."""

    points: Sequence[dict[str, float]]
    titles: tuple[str, str]
    formats: tuple[str, str]


def axis(title: str, theme: Theme, **more: object) -> Spec:
    """Return an axis of quiet lines."""
    inks = charts.INKS[theme]
    return {
        "title": title or None,
        "titleFontWeight": "normal",
        "labelColor": inks.quiet,
        "titleColor": inks.quiet,
        "gridColor": inks.line,
        "gridOpacity": 0.3,
        "domain": False,
        "ticks": False,
        "tickCount": 5,
        **more,
    }


def legend(theme: Theme) -> Spec:
    """Return a legend above the plot."""
    return {"orient": "top", "title": None, "labelColor": charts.INKS[theme].ink, "labelLimit": 400}


def stacked(values: Sequence[dict[str, Any]], kinds: list[str], translate: Texts, theme: Theme) -> Spec:
    """Return bars of ``y`` over the dates ``x``, stacked by ``kind``."""
    layer = {
        "data": {"values": list(values)},
        "mark": {"type": "bar", "tooltip": None, "width": {"band": 0.8}},
        "encoding": {
            "x": {"field": "x", "type": "ordinal", "timeUnit": "utcyearmonthdate",
                  "axis": axis("", theme, format="%d/%m", labelOverlap=True, grid=False)},
            "y": {"field": "y", "type": "quantitative", "axis": axis("", theme, tickMinStep=1)},
            "color": {"field": "kind", "type": "nominal", "legend": legend(theme),
                      "scale": {"domain": kinds, "range": list(DECISIONS)}},
        },
    }  # fmt: skip
    return charts.spec(height=220, translate=translate, layer=[layer])


def interval_points(
    values: Sequence[dict[str, Any]], titles: tuple[str, str], translate: Texts, theme: Theme
) -> Spec:
    """Return points ``y`` over ``x`` with the interval ``low`` to ``high``, and the diagonal where both are equal."""
    data, inks = {"values": list(values)}, charts.INKS[theme]
    top = max((max(each["x"], each["high"]) for each in values), default=1.0)
    x = {"field": "x", "type": "quantitative", "axis": axis(titles[0], theme, format=".0%")}
    share = axis(titles[1], theme, format=".0%")
    diagonal = {
        "data": {"values": [{"x": 0, "y": 0}, {"x": top, "y": top}]},
        "mark": {"type": "line", "strokeDash": [4, 3], "color": inks.line, "tooltip": None},
        "encoding": {"x": x, "y": {"field": "y", "type": "quantitative", "axis": share}},
    }
    bars = {
        "data": data,
        "mark": {"type": "rule", "color": charts.LOWERS, "strokeWidth": 2, "tooltip": None},
        "encoding": {
            "x": x,
            "y": {"field": "low", "type": "quantitative", "axis": share},
            "y2": {"field": "high"},
        },
    }
    points = {
        "data": data,
        "mark": {"type": "point", "filled": True, "size": 60, "color": charts.RAISES, "tooltip": None},
        "encoding": {"x": x, "y": {"field": "y", "type": "quantitative", "axis": share}},
    }
    return charts.spec(height=280, translate=translate, layer=[diagonal, bars, points])


def curve(
    drawn: Curve,
    marks: Sequence[dict[str, Any]],
    translate: Texts,
    theme: Theme,
    *,
    diagonal: bool = False,
) -> Spec:
    """Return a curve with labelled points on it, and with the diagonal that chance would give where it is asked for."""
    inks = charts.INKS[theme]
    horizontal, vertical = (
        axis(title, theme, format=style) for title, style in zip(drawn.titles, drawn.formats, strict=True)
    )
    x = {"field": "x", "type": "quantitative", "axis": horizontal}
    y = {"field": "y", "type": "quantitative", "axis": vertical, "scale": {"zero": diagonal}}
    by_chance = {
        "data": {"values": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]},
        "mark": {"type": "line", "strokeDash": [4, 3], "color": inks.line, "tooltip": None},
        "encoding": {"x": x, "y": y},
    }
    line = {
        "data": {"values": list(drawn.points)},
        "mark": {"type": "line", "color": charts.LOWERS, "strokeWidth": 2, "tooltip": None},
        "encoding": {"x": x, "y": y},
    }
    shape = {
        "field": "label",
        "type": "nominal",
        "legend": {**legend(theme), "symbolFillColor": charts.RAISES, "symbolStrokeWidth": 0},
        "scale": {"domain": [mark["label"] for mark in marks], "range": ["circle", "diamond"]},
    }
    points = {
        "data": {"values": list(marks)},
        "mark": {
            "type": "point",
            "filled": True,
            "opacity": 1,
            "size": 110,
            "color": charts.RAISES,
            "tooltip": None,
        },
        "encoding": {"x": x, "y": y, "shape": shape},
    }
    layer = [*([by_chance] if diagonal else []), line, points]
    return charts.spec(height=300, translate=translate, layer=layer)
