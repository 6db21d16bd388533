"""Reduces Evidently's page to a third of its size, and removes applicants' rows from it.

The page's first script assigns two JSON objects: the widgets, and the figures that open from table rows.
"""

from __future__ import annotations

import json

# A frame is announced by its title; Evidently's page has none.
TITLE = "<title>Data drift report</title>"
# Column names are longer than Evidently's headings expect: they would overlap the numbers beside them.
STYLE = "<style>.MuiGrid-grid-xs-2>.MuiTypography-h5{font-size:.9rem;overflow-wrap:anywhere}</style>"


def slim(page: str, verdict: str, basis: str) -> str:
    """Return the page with the verdict and its basis in place of Evidently's.

    Three things are removed: the figures inside the widgets, which the second object repeats; the figures named DATA
    DRIFT, which plot rows in order and thus reveal the rows of a small table; and the digits of floats that no plot
    shows.

    :raises ValueError: the page is not laid out as Evidently 0.7 does.
    """
    decoder = json.JSONDecoder()
    widgets_at = page.index("{", page.index("var ", page.index("<script>")))
    widgets, widgets_end = decoder.raw_decode(page, widgets_at)
    figures_at = page.index("{", widgets_end)
    figures, figures_end = decoder.raw_decode(page, figures_at)

    widgets["widgets"][0]["widgets"][0]["params"] = {"counters": [{"value": verdict, "label": basis}]}
    shown: set[str] = set()
    widgets = _cut(widgets, shown)
    figures = _cut({name: figure for name, figure in figures.items() if name in shown}, shown)
    head = page[:widgets_at].replace("<script>", TITLE + STYLE + "<script>", 1)
    return head + _script(widgets) + page[widgets_end:figures_at] + _script(figures) + page[figures_end:]


def _cut(node: object, shown: set[str]) -> object:
    """Return the reduced node; ``shown`` collects the ids of the figures that remain."""
    if isinstance(node, float):
        return float(f"{node:.4g}")
    if isinstance(node, list):
        return [_cut(item, shown) for item in node]
    if not isinstance(node, dict):
        return node
    if "parts" in node:
        node = node | {"parts": [part for part in node["parts"] if part["title"] != "DATA DRIFT"]}
        shown.update(part["id"] for part in node["parts"])
    return {key: _cut(value, shown) for key, value in node.items() if key != "additionalGraphs"}


def _script(node: object) -> str:
    """Return JSON that cannot end the surrounding script element, whatever text it contains."""
    return json.dumps(node, separators=(",", ":")).replace("</", "<\\/")
