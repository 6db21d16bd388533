"""The documentation pages in a real browser: they render, and ask no other host for anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.chromium import chromium
from support.guarded import guarded

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser


def test_the_pages_need_no_other_host_and_take_the_key_as_a_password(tmp_path: Path) -> None:
    with guarded(tmp_path, api_key="k3y") as api, chromium() as browser:
        home = f"http://127.0.0.1:{api.port}"
        context = browser.new_context(http_credentials={"username": "anybody", "password": "k3y"})
        page = context.new_page()
        asked: list[str] = []
        failed: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: failed.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(f"{home}/docs")
        page.get_by_text("/decisions/{decision_id}/review").first.wait_for()
        page.get_by_text("Home Credit scoring").first.wait_for()
        assert len(asked) >= 5
        assert [url for url in asked if not url.startswith((home, "data:"))] == []
        # The first answer of all is the 401 that asks for the password.
        assert [text for text in failed if "401" not in text] == []
        context.close()
