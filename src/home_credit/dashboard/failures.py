"""What goes wrong between the dashboard and the API, in plain words, with a way to try again.

No address is shown; the detail for the support is what the API itself said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import markup

if TYPE_CHECKING:
    from home_credit.dashboard.texts import Texts
    from home_credit.errors import ApiError

LASTING = frozenset({"error.unknown_client", "error.invalid_data", "error.refused"})


def show(error: ApiError, translate: Texts, *, entered: str = "", key: str = "retry") -> None:
    """Draw what happened, and a button that tries again where that may help."""
    reason = cause(error, entered=entered)
    status = "" if error.status is None else f"{error.status} "
    detail = translate("error.detail", detail=f"{status}{error.detail}") if error.detail else ""
    st.html(markup.notice("error", translate(reason, entered=entered), detail))
    if reason not in LASTING:
        st.button(translate("error.retry"), key=key)


def cause(error: ApiError, *, entered: str = "") -> str:
    """Return the key of the text that explains an error."""
    match error.status:
        case 503 if error.detail:
            return "error.unavailable"
        case 502 | 503 | 504:
            return "error.waking"
        case None:
            return "error.unreachable"
        case 404 if entered:
            return "error.unknown_client"
        case 401 | 403:
            return "error.refused"
        case 413 | 422:
            return "error.invalid_data"
        case 409:
            return "error.conflict"
        case 429:
            return "error.busy"
        case _:
            return "error.unexpected"
