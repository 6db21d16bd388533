"""What goes wrong between the dashboard and the API, in plain words, with a way to try again.

No address is shown; the detail for the support is what the API itself said.
"""

from __future__ import annotations

from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import markup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.dashboard.texts import Texts
    from home_credit.errors import ApiError

CAUSES: Mapping[int | None, str] = MappingProxyType(
    {
        None: "error.unreachable",
        401: "error.refused",
        403: "error.refused",
        404: "error.unknown_client",
        409: "error.conflict",
        413: "error.invalid_data",
        422: "error.invalid_data",
        429: "error.busy",
        502: "error.waking",
        503: "error.unavailable",
        504: "error.waking",
    }
)
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
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE and not error.detail:
        return "error.waking"
    if error.status == HTTPStatus.NOT_FOUND and not entered:
        return "error.unexpected"
    return CAUSES.get(error.status, "error.unexpected")
