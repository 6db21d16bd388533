"""Addresses of the dashboard that lead to one page, and what they may hold: pages and parameters that are known."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from home_credit.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

# By the name of a page, its place in the address; the first page has none.
ADDRESSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "client": "",
        "compare": "compare",
        "simulate": "simulate",
        "reviews": "reviews",
        "drift": "data-drift",
        "model": "model",
        "portfolio": "portfolio",
    }
)
FIRST: Final = "client"

# Of each parameter, the values that it may have: SK_ID_CURR, a decision's number, a language.
PARAMETERS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "client": re.compile(r"[0-9]{1,18}"),
        "decision": re.compile(r"[0-9A-Za-z-]{1,64}"),
        "lang": re.compile("|".join(LANGUAGES)),
    }
)


def link(address: str, root: str) -> str | None:
    """Return the link of a page of this dashboard, from ``/`` on, rebuilt from what is known of it.

    ``address`` is a whole address, and ``root`` that of the dashboard, without a slash at its end. ``None`` where the
    address is none of a page of this dashboard; parameters that no page has are left out.
    """
    try:
        parts, own = urlsplit(address), urlsplit(root)
    except ValueError:
        return None
    if (parts.scheme, parts.netloc) != (own.scheme, own.netloc) or not parts.path.startswith(f"{own.path}/"):
        return None
    page = parts.path.removeprefix(f"{own.path}/")
    if page not in ADDRESSES.values():
        return None
    given = parse_qs(parts.query)
    known = {
        name: given[name][-1]
        for name, form in PARAMETERS.items()
        if name in given and form.fullmatch(given[name][-1])
    }
    return f"/{page}?{urlencode(known)}" if known else f"/{page}"
