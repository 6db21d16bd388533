"""The HTML document that the pages are drawn in: Streamlit's own, with what makes it draw sooner.

Streamlit's document names the scripts of its core alone. The scripts of the elements that every page has are asked for
only when the first message from the server names such an element; here they are in the document, so that they come
with the others. The document also says where the server is, which Streamlit's scripts otherwise find out by asking
for two addresses below that of the page and two above it; it holds the style sheet, which stands last so that it wins
over the styles that Streamlit's scripts add to the head; and it leaves out a font that the theme does not use. A script
puts the words of Streamlit's own front end into French.
"""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_routes import _ensure_xsrf_cookie

from home_credit.dashboard.links import ADDRESSES
from home_credit.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from starlette.requests import Request

    from home_credit.languages import Language

ELEMENTS: Final = ("Html", "ButtonGroup", "Spinner")  # of every page
ENTRY: Final = "index.html"  # of the manifest: what the document names already
FONT: Final = re.compile(r"<link\s+rel=\"preload\"[^>]*as=\"font\"[^>]*/>\s*")
# The messages of a page that has this one in a frame are not listened to, except from this host itself.
CONNECTION: Final = """<script>
      window.__streamlit = {
        BACKEND_BASE_URL: new URL(".", location.href).href,
        HOST_CONFIG: { allowedOrigins: [location.origin], useExternalAuthToken: false },
      }
    </script>
    """


def routes(folder: Path) -> list[Route]:
    """Return the routes of the pages' addresses, for the front end in ``folder``."""
    contents = {language: document(folder, language) for language in LANGUAGES}

    async def answer(request: Request) -> Response:
        asked = request.query_params.get("lang")
        content = next(
            (html for language, html in contents.items() if language == asked), contents[LANGUAGES[0]]
        )
        response = HTMLResponse(content, headers={"Cache-Control": "no-cache"})
        # Streamlit sets it with the answers that the script no longer asks for; without it neither a sign-in that
        # lasts nor an uploaded file is taken.
        _ensure_xsrf_cookie(request, response)
        return response

    return [Route(f"/{address}", answer) for address in ADDRESSES.values()]


def document(folder: Path, language: Language) -> str:
    """Return the document in a language for the front end in ``folder``."""
    html = FONT.sub("", (folder / "index.html").read_text(encoding="utf-8"))
    present = set(re.findall(r'href="\./(static/js/[^"]+)"', html))
    more = [script for script in scripts(folder) if script not in present]
    links = "".join(f'<link rel="modulepreload" crossorigin href="./{script}">\n    ' for script in more)
    for before, added in (
        ('<script type="module"', CONNECTION),
        ('<link rel="stylesheet"', links),
        ("</body>", f"<style>{_style()}</style>\n<script>{_words()}</script>\n"),
    ):
        html = html.replace(before, f"{added}{before}", 1)
    return html.replace('<html lang="en">', f'<html lang="{language}">', 1)


def scripts(folder: Path) -> list[str]:
    """Return the files of the scripts of the elements of every page, with those that they import."""
    manifest: Mapping[str, Mapping[str, Any]] = json.loads((folder / "manifest.json").read_text("utf-8"))
    named = [key for key, entry in manifest.items() if entry.get("name") in ELEMENTS and "src" in entry]
    return list(dict.fromkeys(script for key in named for script in _imported(key, manifest)))


def _imported(key: str, manifest: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if key != ENTRY:
        yield manifest[key]["file"]
        for each in manifest[key].get("imports", ()):
            yield from _imported(each, manifest)


def _style() -> str:
    """Return the style sheets of the package, the theme last."""
    sheets = sorted(
        (each for each in files("home_credit.dashboard").iterdir() if each.name.endswith(".css")),
        key=lambda sheet: sheet.name,
    )
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


def _words() -> str:
    """Return the script that translates words of the front end, with these words."""
    package = files("home_credit.dashboard")
    words = tomllib.loads(package.joinpath("locales", "streamlit.toml").read_text(encoding="utf-8"))
    script = package.joinpath("words.js").read_text(encoding="utf-8")
    return script.replace("WORDS", json.dumps(words, ensure_ascii=False), 1)
