"""The way back from the sign-in by OpenID Connect to the page that it was begun on.

Streamlit sends whoever signed in to the first page. This middleware notes the page when the sign-in begins, in a cookie
that is signed together with the ``state`` of that sign-in, and leads there when the provider answers with the same
``state``. The page is rebuilt from known parts (:func:`home_credit.dashboard.links.link`), so that it is one of ours
whatever the browser said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from home_credit.dashboard.links import link
from home_credit.dashboard.oidc import CALLBACK

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "home_credit_link"
BEGINNING: Final = "/auth/login"  # where Streamlit sends the browser on to the provider
REDIRECTIONS: Final = range(300, 400)
KEPT_SECONDS: Final = 600  # for typing a password


class ReturnToPage:
    """ASGI middleware around Streamlit's own paths of the sign-in.

    ``redirect_uri`` is the address that the provider answers to, and ``secret`` signs the cookie.
    """

    def __init__(self, app: ASGIApp, redirect_uri: str, secret: str) -> None:
        self.app = app
        self.root = redirect_uri.removesuffix(CALLBACK)
        self.secure = redirect_uri.startswith("https://")
        self.signer = URLSafeTimedSerializer(secret, salt=COOKIE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the cookie or the way back added to its redirections."""
        path = scope["path"] if scope["type"] == "http" else ""
        if not path.endswith((BEGINNING, CALLBACK)):
            await self.app(scope, receive, send)
            return
        request = Request(scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in REDIRECTIONS:
                headers = MutableHeaders(scope=message)
                if path.endswith(BEGINNING):
                    self._note(request.headers, headers)
                else:
                    self._lead_back(request, headers)
            await send(message)

        await self.app(scope, receive, sending)

    def _note(self, asked: Headers, answer: MutableHeaders) -> None:
        """Add the cookie with the page that the browser comes from, and the ``state`` that the provider is sent."""
        page = link(asked.get("referer", ""), self.root)
        state = parse_qs(urlsplit(answer.get("location", "")).query).get("state")
        if page is not None and state:
            self._set_cookie(answer, self.signer.dumps([state[0], page]), KEPT_SECONDS)

    def _lead_back(self, request: Request, answer: MutableHeaders) -> None:
        """Send the browser to the page of the cookie, where it belongs to this sign-in; the cookie is used once."""
        signed = request.cookies.get(COOKIE)
        if signed is None:
            return
        self._set_cookie(answer, "", 0)
        try:
            state, page = self.signer.loads(signed, max_age=KEPT_SECONDS)
        except (BadData, ValueError, TypeError):
            return
        # Signed here, and still read with care: the secret may be that of another version of this dashboard.
        page = link(f"{self.root}{page}", self.root)
        if page is not None and state == request.query_params.get("state"):
            answer["location"] = f"{self.root}{page}"

    def _set_cookie(self, answer: MutableHeaders, value: str, seconds: int) -> None:
        response = Response()
        response.set_cookie(
            COOKIE,
            value,
            max_age=seconds,
            path=f"{urlsplit(self.root).path}{CALLBACK}",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )
        answer.append("set-cookie", response.headers["set-cookie"])
