"""Vega-Lite specifications of the dashboard's charts.

Data are inside the layers: Streamlit sends them unchanged there. It converts data at the top level of a specification
to a data frame first, which needs some 100 MB of memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.dashboard.texts import Texts
    from home_credit.policy import DecisionKind
    from home_credit.schemas import Decision

Spec = dict[str, object]
Theme = Literal["light", "dark"]


class Ink(NamedTuple):
    """The colours of a theme: text, quiet text, lines, and the page behind them."""

    ink: str
    quiet: str
    line: str
    page: str


INKS: Mapping[Theme, Ink] = {
    "light": Ink("#1B2733", "#4A5865", "#8A97A3", "#F6F7F9"),
    "dark": Ink("#E8EDF2", "#B4C0CB", "#7C8995", "#14191F"),
}
# Blue and orange-red are distinguishable with every kind of colour blindness.
RAISES = "#C4501B"
LOWERS = "#1F6FA8"
ZONES: Mapping[Theme, Mapping[DecisionKind, str]] = {
    "light": {"approved": "#CFE2F0", "review": "#FBE6AE", "declined": "#F5CDBB"},
    "dark": {"approved": "#1F4A6B", "review": "#6B5410", "declined": "#7A3418"},
}
NARROWEST_NAMED_ZONE = 0.12  # of the gauge's width
EDGE = 0.2


def gauge(decision: Decision, written: tuple[str, str], translate: Texts, theme: Theme) -> Spec:
    """Return the scale of risk with the zones of the decisions, the cut-off and the applicant's probability.

    ``written`` are the probability and the cut-off in words.
    """
    probability, cut_off, inks = decision.probability_of_default, decision.cut_off, INKS[theme]
    low, high = decision.review_band or (cut_off, cut_off)
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
            "colour": ZONES[theme][kind],
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
        "labelColor": inks.quiet,
        "labelFontSize": 12,
        "labelPadding": 4,
    }
    across = {"field": "from", "type": "quantitative", "scale": scale, "axis": axis}
    return spec(
        height=94,
        translate=translate,
        layer=[
            {
                "data": {"values": zones},
                "mark": {"type": "rect", "stroke": inks.page, "strokeWidth": 2, "tooltip": None},
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
                "mark": {"type": "text", "fontSize": 12, "color": inks.ink},
                "encoding": {
                    "x": {"field": "middle", "type": "quantitative"},
                    "y": {"value": 86},
                    "text": {"field": "name"},
                },
            },
            *_pointer(
                cut_off, top, translate("risk.cut_off_mark", value=written[1]), 8, inks.ink, dash=[4, 3]
            ),
            *_pointer(
                probability,
                top,
                translate("risk.client_mark", value=written[0]),
                28,
                inks.ink,
                away_from=cut_off,
            ),
        ],
    )


def _pointer(
    at: float,
    top: float,
    label: str,
    height: int,
    ink: str,
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
    rule = {"type": "rule", "color": ink, "strokeWidth": 1.5 if dash else 3, "strokeDash": list(dash)}
    words = {
        "type": "text",
        "align": align,
        "fontSize": 13,
        "fontWeight": "normal" if dash else "bold",
        "color": ink,
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


def spec(*, height: int, translate: Texts, layer: list[Spec]) -> Spec:
    """Return a specification as wide as its place, in the numbers of the reader's language."""
    config: Spec = {
        "font": "'Segoe UI', 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif",
        "view": {"stroke": None},
        # The chart has a text beside it; names of its marks would be read as well, field by field and to twelve digits.
        "mark": {"aria": False},
        "axis": {"aria": False},
        "legend": {"aria": False},
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
