"""The scripts of Streamlit's front end, sent with less work than Streamlit does, which a first visitor waits for.

A new browser asks for some sixty files before it draws anything. Streamlit reads each in pieces on other threads; here
a file is read and sent as one piece, compressed where the image holds it compressed. Their names hold a hash of their
content, so that browsers keep them for a year, as Streamlit tells them too.
"""

from __future__ import annotations

import mimetypes
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.datastructures import Headers
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX: Final = "/static/"
KEPT: Final = "public, immutable, max-age=31536000"


class Asset(NamedTuple):
    """A file of the front end: where it is, its media type, and whether it lies there compressed by gzip too."""

    file: Path
    media_type: str
    compressed: Path | None


class Assets:
    """ASGI middleware that answers requests for files in ``folder``, Streamlit's front end."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self.app = app
        self.folder = folder

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """The files by the path of their address; no other file is ever opened."""
        found = {}
        for file in (self.folder / "static").rglob("*"):
            if file.is_file() and file.suffix != ".gz":
                kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
                compressed = file.with_name(f"{file.name}.gz")
                found[f"/{file.relative_to(self.folder).as_posix()}"] = Asset(
                    file, kind, compressed if compressed.is_file() else None
                )
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer where a whole file is asked for, and leave anything else to the application."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(PREFIX):
            asset = self.assets.get(scope["path"])
            headers = Headers(scope=scope)
            if asset is not None and "range" not in headers:
                await _response(asset, headers.get("accept-encoding", ""))(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _response(asset: Asset, accepted: str) -> Response:
    headers = {"Cache-Control": KEPT, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if asset.compressed is not None and "gzip" in accepted:
        headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed.read_bytes(), media_type=asset.media_type, headers=headers)
    return Response(asset.file.read_bytes(), media_type=asset.media_type, headers=headers)
