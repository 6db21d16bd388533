"""The pictures of the dashboard in this folder's ``images``: every page, in French, on a synthetic portfolio.

    python docs/screenshots.py [PAGE ...]

Starts the API with its demo history and the dashboard on free ports, and draws every page, or those named, for a
desktop, for a desktop that is dark, and for a phone. Chromium has to be installed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from home_credit.applicants.loading import current_features, load  # noqa: E402
from home_credit.client import ApiClient  # noqa: E402
from home_credit.config import Settings  # noqa: E402
from home_credit.decisioning.grading import grading  # noqa: E402
from home_credit.schemas import DecisionQuery  # noqa: E402
from home_credit.synthetic import write_demo  # noqa: E402
from support import sites  # noqa: E402
from support.chromium import chromium  # noqa: E402
from support.dashboards import NAMES_A_CLIENT, PAGES, dashboard  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = ROOT / "docs" / "images"
APPLICANTS, DECISIONS, HISTORY_SECONDS = 2_000, 300, 120
FIELD = "Numéro de client (SK_ID_CURR)"
# Of each screen: width in pixels, colours, pixels of the picture for one of these.
SCREENS: dict[str, tuple[int, Literal["light", "dark"], int]] = {
    "": (1366, "light", 1),
    "-dark": (1366, "dark", 1),
    "-phone": (390, "light", 2),
}
HEIGHT = 900
DRAWN = 4_000  # milliseconds for charts, after the last element is there
LONGEST = 1_800  # pixels of a page that are kept


def main() -> None:
    """Draw the pages that the command line names, or all of them."""
    names = sys.argv[1:] or list(PAGES)
    with tempfile.TemporaryDirectory() as folder:
        demo, store = Path(folder) / "demo", f"sqlite:///{folder}/applicants.db"
        write_demo(demo, APPLICANTS, seed=2018)
        load(demo, store, current_features(), grading(ROOT / "models"))
        settings = Settings(
            database_url=f"sqlite:///{folder}/ledger.db",
            applicants_url=store,
            HOME_CREDIT_MODELS=ROOT / "models",
            HOME_CREDIT_MODEL_VERSIONS=Path(folder) / "versions",
            HOME_CREDIT_REPORTS=ROOT / "reports",
            HOME_CREDIT_DEMO_DECISIONS=DECISIONS,
        )
        with (
            sites.api(settings) as api,
            dashboard(api, ROOT / "reports") as address,
            chromium() as browser,
            ApiClient(api) as client,
        ):
            applicant = _declined(client)
            for name in names:
                for suffix in SCREENS:
                    _draw(browser, address, name, suffix, applicant)


def _declined(client: ApiClient) -> int:
    """Wait for the demo's history, and return an applicant who was declined, decided on once more."""
    deadline = time.monotonic() + HISTORY_SECONDS
    while sum(each.decisions for each in client.portfolio().counts) < DECISIONS:
        if time.monotonic() > deadline:
            sys.exit("the history of the demo was not recorded in time")
        time.sleep(0.5)
    applicant = client.decisions(DecisionQuery(decision="declined", limit=1)).decisions[0].SK_ID_CURR
    client.predict_applicant(applicant)
    return applicant


def _draw(browser: Browser, address: str, name: str, suffix: str, applicant: int) -> None:
    path, last = PAGES[name]
    width, colours, scale = SCREENS[suffix]
    page = browser.new_page(
        timezone_id="Europe/Paris",
        locale="fr-FR",
        viewport={"width": width, "height": HEIGHT},
        color_scheme=colours,
        device_scale_factor=scale,
    )
    page.set_default_timeout(60_000)
    page.goto(f"{address}/{path}")
    page.get_by_role("heading", level=1).first.wait_for()
    if name in NAMES_A_CLIENT:
        page.get_by_label(FIELD).fill(str(applicant))
        page.get_by_label(FIELD).press("Enter")
    page.wait_for_selector(last, state="attached")
    page.wait_for_timeout(DRAWN)
    # The page scrolls inside an element, so the window is made as high as its content.
    height = page.locator("[data-testid=stMain]").evaluate("main => main.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height, LONGEST)})
    page.wait_for_timeout(DRAWN // 2)
    with Image.open(BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(128).save(IMAGES / f"{name}{suffix}.png", optimize=True)
    page.close()
    print(f"{name}{suffix}.png", flush=True)


if __name__ == "__main__":
    main()
