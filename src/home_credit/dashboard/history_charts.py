"""Time lines of an applicant's history: instalments paid on time or late, and credits elsewhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from home_credit.dashboard import charts, plots
from home_credit.dashboard.profile import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from home_credit.dashboard.charts import Theme
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import PredictionRequest

QUARTER = DAYS_PER_YEAR / 4
MOST_CREDITS = 15
LATE, ON_TIME = charts.RAISES, charts.LOWERS


class Chart(NamedTuple):
    """A Vega-Lite specification, and what it shows in words."""

    spec: charts.Spec
    alt: str


def instalments(bundle: PredictionRequest, translate: Texts, theme: Theme) -> Chart | None:
    """Return the instalments of each quarter before the application, those paid late apart; ``None`` without any."""
    counted = Counter(_paid(bundle.installments_payments))
    if not counted:
        return None
    late, total = sum(count for (_, was_late), count in counted.items() if was_late), sum(counted.values())
    names = {True: translate("history.late"), False: translate("history.on_time")}
    values = [
        {"years": -quarter / 4, "count": count, "kind": names[was_late]}
        for (quarter, was_late), count in sorted(counted.items())
    ]
    layer = {
        "data": {"values": values},
        "mark": {"type": "bar", "tooltip": None, "width": 9},
        "encoding": {
            "x": _years(translate, theme),
            "y": {
                "field": "count",
                "type": "quantitative",
                "aggregate": "sum",
                "axis": plots.axis(translate("history.count_axis"), theme, tickMinStep=1, format="d"),
            },
            "color": _colour({names[True]: LATE, names[False]: ON_TIME}, theme),
        },
    }
    return Chart(
        charts.spec(height=150, translate=translate, layer=[layer]),
        translate("history.instalments_alt", total=translate.number(total), late=translate.number(late)),
    )


def credits_elsewhere(bundle: PredictionRequest, translate: Texts, theme: Theme) -> Chart | None:
    """Return the latest credits of the credit bureau as bars over time; ``None`` where there is none."""
    held = sorted(_opened(bundle.bureau), key=lambda each: -each[0])[:MOST_CREDITS]
    if not held:
        return None
    names = {True: translate("history.active"), False: translate("history.closed")}
    values = [
        {"years": begin / DAYS_PER_YEAR, "to": end / DAYS_PER_YEAR, "kind": names[active], "row": str(place)}
        for place, (begin, end, active) in enumerate(held)
    ]
    layer = {
        "data": {"values": values},
        "mark": {"type": "bar", "tooltip": None, "height": 8, "cornerRadius": 2},
        "encoding": {
            "x": _years(translate, theme),
            "x2": {"field": "to"},
            "y": {"field": "row", "type": "nominal", "axis": None, "sort": None},
            "color": _colour({names[True]: LATE, names[False]: ON_TIME}, theme),
        },
    }
    active = sum(is_active for _, _, is_active in held)
    return Chart(
        charts.spec(height=16 * len(held) + 20, translate=translate, layer=[layer]),
        translate("history.credits_alt", total=translate.number(len(held)), active=translate.number(active)),
    )


def _paid(rows: list[Mapping[str, Any]] | Any) -> Iterator[tuple[int, bool]]:
    """Yield the quarter before the application, and whether it was paid late, of each instalment that was paid."""
    for row in rows:
        due, paid = row.get("DAYS_INSTALMENT"), row.get("DAYS_ENTRY_PAYMENT")
        if isinstance(due, int | float) and isinstance(paid, int | float):
            yield int(-due // QUARTER), paid > due


def _opened(rows: list[Mapping[str, Any]] | Any) -> Iterator[tuple[float, float, bool]]:
    """Yield the days from which to which a credit ran, and whether it still does."""
    for row in rows:
        begin, active = row.get("DAYS_CREDIT"), row.get("CREDIT_ACTIVE") == "Active"
        end = 0 if active else row.get("DAYS_ENDDATE_FACT") or row.get("DAYS_CREDIT_ENDDATE")
        if isinstance(begin, int | float) and isinstance(end, int | float):
            yield begin, max(min(end, 0), begin), active


def _years(translate: Texts, theme: Theme) -> charts.Spec:
    axis = plots.axis(translate("history.years_axis"), theme, tickMinStep=1, format="d")
    return {"field": "years", "type": "quantitative", "scale": {"nice": True}, "axis": axis}


def _colour(colours: Mapping[str, str], theme: Theme) -> charts.Spec:
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": "kind", "type": "nominal", "scale": scale, "legend": plots.legend(theme)}
