"""Vega-Lite specifications of the dashboard's charts.

Data are inside the layers: Streamlit sends them unchanged there. It converts data at the top level of a specification
to a data frame first, which needs some 100 MB of memory.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.dashboard.texts import Texts
    from home_credit.policy import DecisionKind
    from home_credit.schemas import Reason

Spec = dict[str, object]

INK = "#1B2733"
QUIET_INK = "#4A5865"
LINE = "#8A97A3"
# Blue and orange-red are distinguishable with every kind of colour blindness.
RAISES = "#C4501B"
LOWERS = "#1F6FA8"
ZONES = {"approved": "#CFE2F0", "review": "#FBE6AE", "declined": "#F5CDBB"}

LABEL_CHARACTERS = 54  # what fits on the width of a phone
LINE_HEIGHT, BAR_HEIGHT = 17, 14  # pixels
REACH = 1.35  # half of the axis over the longest bar: its figure stands beyond it
NARROWEST_NAMED_ZONE = 0.12  # of the gauge's width
EDGE = 0.2


def gauge(
    probability: float, cut_off: float, review_band: tuple[float, float] | None, translate: Texts
) -> Spec:
    """Return the scale of risk with the zones of the decisions, the cut-off and the applicant's probability."""
    low, high = review_band or (cut_off, cut_off)
    top = min(1.0, max(2.5 * cut_off, 1.5 * high, 1.25 * probability))
    bounds: list[tuple[DecisionKind, float, float]] = [
        ("approved", 0, low),
        ("review", low, high),
        ("declined", high, top),
    ]
    zones = [
        {
            "from": start,
            "to": end,
            "middle": (start + end) / 2,
            "colour": ZONES[kind],
            "name": translate(f"risk.zone_{kind}") if end - start >= NARROWEST_NAMED_ZONE * top else "",
        }
        for kind, start, end in bounds
        if end > start
    ]
    scale = {"domain": [0, top], "nice": False}
    axis = {
        "title": None,
        "format": ".0%",
        "tickCount": 5,
        "grid": False,
        "domain": False,
        "ticks": False,
        "labelColor": QUIET_INK,
        "labelFontSize": 12,
        "labelPadding": 4,
    }
    across = {"field": "from", "type": "quantitative", "scale": scale, "axis": axis}
    return _spec(
        height=94,
        translate=translate,
        layer=[
            {
                "data": {"values": zones},
                "mark": {"type": "rect", "stroke": "#F6F7F9", "strokeWidth": 2, "tooltip": None},
                "encoding": {
                    "x": across,
                    "x2": {"field": "to"},
                    "y": {"value": 44},
                    "y2": {"value": 74},
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                },
            },
            {
                "data": {"values": zones},
                "mark": {"type": "text", "fontSize": 12, "color": INK},
                "encoding": {
                    "x": {"field": "middle", "type": "quantitative"},
                    "y": {"value": 86},
                    "text": {"field": "name"},
                },
            },
            *_pointer(
                cut_off, top, translate("risk.cut_off_mark", value=translate.percent(cut_off)), 8, dash=[4, 3]
            ),
            *_pointer(
                probability,
                top,
                translate("risk.client_mark", value=translate.percent(probability)),
                28,
                away_from=cut_off,
            ),
        ],
    )


def _pointer(
    at: float,
    top: float,
    label: str,
    height: int,
    *,
    dash: Sequence[int] = (),
    away_from: float | None = None,
) -> list[Spec]:
    """Return a line down to the scale, with its label at ``height`` beside the line's upper end."""
    align = "center" if away_from is None else "left" if at > away_from else "right"
    if at < EDGE * top:
        align = "left"
    elif at > (1 - EDGE) * top:
        align = "right"
    data = {"values": [{"at": at, "label": label}]}
    x = {"field": "at", "type": "quantitative"}
    rule = {"type": "rule", "color": INK, "strokeWidth": 1.5 if dash else 3, "strokeDash": list(dash)}
    words = {
        "type": "text",
        "align": align,
        "fontSize": 13,
        "fontWeight": "normal" if dash else "bold",
        "color": INK,
    }
    return [
        {
            "data": data,
            "mark": rule,
            "encoding": {"x": x, "y": {"value": height + 8}, "y2": {"value": 74}},
        },
        {
            "data": data,
            "mark": words,
            "encoding": {"x": x, "y": {"value": height}, "text": {"field": "label"}},
        },
    ]


def reasons(harmful_first: Sequence[Reason], translate: Texts) -> Spec:
    """Return diverging bars of what each reason adds to the log-odds of default, under its text."""
    reach = REACH * max(abs(reason.contribution) for reason in harmful_first) or 1.0
    bars, height = [], 0
    for reason in harmful_first:
        lines = textwrap.wrap(getattr(reason.text, translate.language), LABEL_CHARACTERS)
        bar = height + LINE_HEIGHT * len(lines) + 4
        bars.append(
            {
                "zero": 0,
                "contribution": reason.contribution,
                "colour": RAISES if reason.contribution > 0 else LOWERS,
                "label": "\n".join(lines),
                "written": translate.number(reason.contribution, 2, signed=True),
                "top": height,
                "bar": bar,
                "middle": bar + BAR_HEIGHT / 2,
                "bottom": bar + BAR_HEIGHT,
            }
        )
        height = bar + BAR_HEIGHT + 16
    data = {"values": bars}
    x = {
        "field": "contribution",
        "type": "quantitative",
        "scale": {"domain": [-reach, reach], "nice": False},
        "axis": None,
    }
    zero = {"field": "zero", "type": "quantitative", "axis": None}

    def y(field: str) -> Spec:
        scale = {"domain": [0, height], "nice": False, "reverse": True}
        return {"field": field, "type": "quantitative", "scale": scale, "axis": None}

    colour = {"field": "colour", "type": "nominal", "scale": None}
    figure = {"type": "text", "fontSize": 12, "fontWeight": "bold", "color": INK}
    figure_at = {"x": x, "y": y("middle"), "text": {"field": "written"}}
    text = {"type": "text", "align": "left", "baseline": "top", "lineBreak": "\n", "lineHeight": LINE_HEIGHT}
    return _spec(
        height=height,
        translate=translate,
        layer=[
            {
                "data": data,
                "mark": {"type": "rect", "tooltip": None},
                "encoding": {
                    "x": x,
                    "x2": {"field": "zero"},
                    "y": y("bar"),
                    "y2": {"field": "bottom"},
                    "color": colour,
                },
            },
            {
                "data": data,
                "mark": {"type": "rule", "color": LINE},
                "encoding": {"x": zero, "y": y("bar"), "y2": {"field": "bottom"}},
            },
            {
                "data": data,
                "mark": {**text, "fontSize": 13, "color": INK},
                "encoding": {"x": {"value": 0}, "y": y("top"), "text": {"field": "label"}},
            },
            {
                "data": data,
                "transform": [{"filter": "datum.contribution > 0"}],
                "mark": {**figure, "align": "left", "xOffset": 5},
                "encoding": figure_at,
            },
            {
                "data": data,
                "transform": [{"filter": "datum.contribution <= 0"}],
                "mark": {**figure, "align": "right", "xOffset": -5},
                "encoding": figure_at,
            },
        ],
    )


def _spec(*, height: int, translate: Texts, layer: list[Spec]) -> Spec:
    config: Spec = {
        "font": "'Segoe UI', 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif",
        "view": {"stroke": None},
    }
    if translate.language == "fr":
        config["locale"] = {
            "number": {
                "decimal": ",",
                "thousands": "\u202f",
                "grouping": [3],
                "currency": ["", ""],
                "percent": "\u202f%",
            }
        }
    return {
        "height": height,
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": "transparent",
        "config": config,
        "layer": layer,
    }
