"""Sign-in by OpenID Connect: the settings as the secrets file that Streamlit reads when it starts.

Streamlit speaks the protocol itself (authorisation code with PKCE, signed cookies), and takes its settings from a file
only.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from home_credit.errors import UsageError

if TYPE_CHECKING:
    from home_credit.config import Settings

NEEDED = ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_redirect_uri")
CALLBACK = "/oauth2callback"  # where Streamlit expects the answer of the provider
DISCOVERY = "/.well-known/openid-configuration"


def configured(settings: Settings) -> bool:
    """Return whether people sign in; a setting alone is enough, so that a missing one opens nothing."""
    return any(getattr(settings, name) for name in NEEDED)


def arguments(settings: Settings) -> list[str]:
    """Return the arguments that make Streamlit read the settings of the sign-in, from a file of its own.

    The file is readable by its owner alone and removed when this process ends. Without a sign-in there are no
    arguments. Raises :class:`UsageError` where a setting is missing or no address of this dashboard.
    """
    if not configured(settings):
        return []
    descriptor, name = mkstemp(prefix="home-credit-", suffix=".toml")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content(settings))
    atexit.register(Path(name).unlink, missing_ok=True)
    return ["--secrets.files", name]


def content(settings: Settings) -> str:
    """Return the content of the secrets file; raises :class:`UsageError` as :func:`arguments` does."""
    missing = [name.upper() for name in NEEDED if not getattr(settings, name)]
    if missing:
        raise UsageError(f"the sign-in needs {', '.join(missing)} too")
    issuer, address = str(settings.oidc_issuer).rstrip("/"), str(settings.oidc_redirect_uri)
    for name, value in (("OIDC_ISSUER", issuer), ("OIDC_REDIRECT_URI", address)):
        parts = urlsplit(value)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise UsageError(f"{name} must be an address that begins with https://, not {value!r}")
        if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise UsageError(f"{name} must begin with https://, except on this machine")
    if urlsplit(address).path.removesuffix(CALLBACK) == urlsplit(address).path:
        raise UsageError(f"OIDC_REDIRECT_URI must end in {CALLBACK}, not {address!r}")
    values = {
        "redirect_uri": address,
        "cookie_secret": settings.oidc_cookie_secret or secrets.token_urlsafe(32),
        "client_id": settings.oidc_client_id,
        "client_secret": settings.oidc_client_secret,
        "server_metadata_url": issuer + DISCOVERY,
    }
    # A text of JSON is one of TOML too.
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(
        ["[auth]", *lines, "[auth.client_kwargs]", f"scope = {json.dumps(settings.oidc_scope)}", ""]
    )
