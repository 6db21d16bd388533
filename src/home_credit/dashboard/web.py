"""What the dashboard's web server does beside Streamlit, as routes and middleware of its application."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit
from starlette.middleware import Middleware

from home_credit.config import Settings
from home_credit.dashboard import document, oidc
from home_credit.dashboard.assets import Assets
from home_credit.dashboard.returning import ReturnToPage

if TYPE_CHECKING:
    from starlette.routing import Route

FRONT_END = Path(streamlit.__file__).parent / "static"


def routes() -> list[Route]:
    """Return the routes that are asked before Streamlit's."""
    return document.routes(FRONT_END)


def middleware() -> list[Middleware]:
    """Return what stands before Streamlit's routes: the files of the front end, and the way back from the sign-in."""
    settings = Settings()
    stack = [Middleware(Assets, folder=FRONT_END)]
    if oidc.configured(settings):
        secret = settings.oidc_cookie_secret or secrets.token_urlsafe(32)
        stack.append(Middleware(ReturnToPage, redirect_uri=str(settings.oidc_redirect_uri), secret=secret))
    return stack
