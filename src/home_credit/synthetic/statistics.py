"""The committed statistics of the real tables, read once; ``src/home_credit/synthetic/fitting.py`` writes them."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def statistics() -> dict[str, Any]:
    """Return the parsed ``statistics.json``."""
    text = files("home_credit.synthetic").joinpath("statistics.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed
