"""The dashboard's pages: quickly by Streamlit's own test runner, then for real in Chromium.

What the tests expect is asked of the API that the fixture ``api_url`` names, so that they hold for the
stub and for the real one alike.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from home_credit.client import ApiClient
from home_credit.dashboard.texts import texts
from support import stub_api
from support.chromium import chromium
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.schemas import Decision

ROOT = Path(__file__).parents[2]
APP = ROOT / "streamlit_app" / "app.py"
FR, EN = texts("fr"), texts("en")
START_SECONDS = 60


@pytest.fixture(scope="module")
def api_url() -> Iterator[str]:
    with stub_api.running() as api:
        yield api.url


@pytest.fixture(scope="module")
def decision(api_url: str) -> Decision:
    """What the API decides on its first applicant."""
    with ApiClient(api_url) as api:
        return api.predict_applicant(api.applicants(limit=1).applicants[0])


@pytest.fixture
def app(api_url: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("API_URL", api_url)
    return AppTest.from_file(str(APP), default_timeout=30)


def html(app: AppTest) -> str:
    return " ".join(element.value for element in app.html)


def enter(app: AppTest, number: str) -> AppTest:
    app.text_input(key="client").set_value(number)
    app.button[0].click()  # the form's own button
    return app.run()


def test_a_newcomer_is_shown_clients_that_exist(app: AppTest, decision: Decision) -> None:
    app.run()
    assert not app.exception
    assert app.title[0].value == FR("search.title")
    assert app.info[0].value == FR("search.start")
    app.button(key=f"pick_{decision.SK_ID_CURR}").click().run()
    assert FR(f"decision.{decision.decision}") in html(app)


def test_decision_is_shown_with_reasons_profile_and_record(app: AppTest, decision: Decision) -> None:
    enter(app.run(), f" {decision.SK_ID_CURR} ")
    assert not app.exception
    page = html(app)
    assert FR.percent(decision.probability_of_default) in page
    assert FR.percent(decision.cut_off) in page
    assert max(decision.reasons, key=lambda reason: abs(reason.contribution)).text.fr in page
    for shown in (FR("fields.AMT_CREDIT"), FR("history.bureau"), decision.model_version):
        assert shown in page
    recourse = () if decision.decision == "approved" else ("recourse",)
    assert [header.value for header in app.header] == [
        FR(f"{part}.heading") for part in ("risk", "reasons", *recourse, "profile", "record")
    ]


def test_who_is_not_approved_is_shown_another_loan_or_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stub_api.running() as api:
        monkeypatch.setenv("API_URL", api.url)
        app = AppTest.from_file(str(APP), default_timeout=30)
        (option,) = stub_api.recourse(stub_api.REVIEW).options
        page = html(enter(app.run(), str(stub_api.REVIEW)))
        for shown in (
            option.text.fr,
            FR("recourse.smallest"),
            FR("recourse.not_robust"),
            FR.number(900_000),
            f"<strong>{FR.number(720_000)}</strong>",
            f"<strong>{FR('recourse.months', value=60)}</strong>",
            FR.percent(option.probability_of_default),
        ):
            assert shown in page
        page = html(enter(app, str(stub_api.DECLINED)))
        assert FR("recourse.none") in page
        assert stub_api.recourse(stub_api.DECLINED).text.fr in page
        # The decision stands, whatever becomes of the search.
        api.has_recourse = False
        page = html(enter(app, str(stub_api.REVIEW)))
        assert FR("decision.review") in page
        captions = [caption.value for caption in app.caption]
        assert FR("recourse.unavailable") in captions
        assert any("another model made this decision" in caption for caption in captions)


def test_reasons_stand_most_harmful_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub_api.running() as api:
        monkeypatch.setenv("API_URL", api.url)
        page = html(enter(AppTest.from_file(str(APP), default_timeout=30).run(), str(stub_api.DECLINED)))
        places = [page.index(reason[4]) for reason in (*stub_api.HARMFUL, *stub_api.HELPFUL[:2])]
        assert places == sorted(places)


def test_address_opens_a_client_in_english_and_a_redraw_does_not_decide_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stub_api.running() as api:
        monkeypatch.setenv("API_URL", api.url)
        app = AppTest.from_file(str(APP), default_timeout=30)
        app.query_params["client"] = str(stub_api.REVIEW)
        app.query_params["lang"] = "en"
        app.run()
        assert EN("decision.review") in html(app)
        assert stub_api.WARNINGS[0].split("'")[0] in html(app)
        app.segmented_control(key="lang").set_value("fr").run()
        assert FR("decision.review") in html(app)
        predictions = [request for request in api.requests if request.startswith("POST")]
        assert predictions == [f"POST /applicants/{stub_api.REVIEW}/predict"]


@pytest.mark.parametrize("number", ["abc", "12a", "-4", "1.5", "٣", "9" * 19])
def test_what_is_no_number_is_said_to_be_none(app: AppTest, number: str) -> None:
    enter(app.run(), number)
    assert not app.exception
    assert app.warning[0].value == FR("search.invalid", entered=number)


def test_unknown_client(app: AppTest) -> None:
    enter(app.run(), "999999999")
    assert app.error[0].value == FR("error.unknown_client", entered="999999999")


def test_html_in_the_address_is_not_html(app: AppTest) -> None:
    app.query_params["client"] = "<b>1</b>"
    app.run()
    assert not app.exception
    assert app.warning[0].value == FR("search.invalid", entered="<b>1</b>")


def test_api_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub_api.running() as api:
        api.has_model = False
        monkeypatch.setenv("API_URL", api.url)
        app = AppTest.from_file(str(APP), default_timeout=30).run()
        enter(app, str(stub_api.APPROVED))
    assert app.error[0].value == FR("error.unavailable")
    assert "no model is loaded" in app.caption[-1].value


def test_api_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("API_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params["lang"] = "en"
        app.run()
    assert not app.exception
    assert app.error[0].value == EN("error.unreachable")


@contextmanager
def dashboard(api_url: str, reports: Path) -> Iterator[str]:
    """Run the dashboard as a process and yield its address."""
    port = free_port()
    line = [sys.executable, "-m", "streamlit", "run", str(APP.relative_to(ROOT))]
    line += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "API_URL": api_url, "HOME_CREDIT_REPORTS": str(reports)}
    with subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + START_SECONDS
            while True:
                try:
                    httpx.get(f"{address}/_stcore/health", timeout=2).raise_for_status()
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, "the dashboard ended"
                    assert time.monotonic() < deadline, "the dashboard did not start"
                    time.sleep(0.2)
            yield address
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def address(api_url: str, reports: Path) -> Iterator[str]:
    with dashboard(api_url, reports) as at:
        yield at


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 800}, timezone_id="Europe/Paris")
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


@pytest.mark.browser
def test_a_loan_officer_decides_and_keeps_the_record(page: Page, address: str, decision: Decision) -> None:
    page.goto(address)
    page.get_by_label(FR("search.label")).fill(str(decision.SK_ID_CURR))
    page.get_by_role("button", name=FR("search.submit")).click()
    expect(page.locator(".hc-verdict")).to_have_text(FR(f"decision.{decision.decision}"), timeout=20_000)
    assert f"client={decision.SK_ID_CURR}" in page.url
    assert page.evaluate("document.documentElement.lang") == "fr"
    # Both charts are drawn, and readable without sight.
    expect(
        page.locator("[data-testid=stVegaLiteChart] svg.marks, [data-testid=stVegaLiteChart] canvas")
    ).to_have_count(2)
    assert FR.percent(decision.cut_off) in page.locator("[data-testid=stVegaLiteChart]").first.evaluate(
        "chart => chart.closest('[data-testid=stElementContainer]').outerHTML"
    )
    with page.expect_download() as download:
        page.get_by_role("button", name=FR("record.download")).click()
    record = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert record["decision"]["SK_ID_CURR"] == decision.SK_ID_CURR
    assert record["bundle"]["application"]["SK_ID_CURR"] == decision.SK_ID_CURR

    page.get_by_text("English", exact=True).click()
    expect(page.locator(".hc-verdict")).to_have_text(EN(f"decision.{decision.decision}"))
    assert "lang=en" in page.url


@pytest.mark.browser
def test_another_loan_is_shown_on_a_phone_too(page: Page, reports: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    with stub_api.running() as api, dashboard(api.url, reports) as at:
        page.goto(f"{at}/?client={stub_api.REVIEW}&lang=en")
        card = page.locator(".hc-option")
        expect(card).to_have_count(1)
        expect(card.get_by_text(EN("recourse.smallest"))).to_be_visible()
        table = card.get_by_role("table", name=EN("recourse.table_caption"))
        expect(table.get_by_role("row")).to_have_count(6)
        expect(table.get_by_role("row", name=EN("fields.AMT_CREDIT"))).to_contain_text("720,000")
        assert (
            page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth") <= 0
        )


@pytest.mark.browser
def test_drift_tab_says_how_to_make_the_report_then_shows_it(page: Page, address: str, reports: Path) -> None:
    page.goto(f"{address}/?lang=en")
    page.get_by_role("link", name="📊 Data Drift").click()
    expect(page.get_by_text(EN("drift.absent"))).to_be_visible()
    expect(page.get_by_text("notebooks/04_Drift_Evidently.ipynb")).to_be_visible()
    expect(page.get_by_text("home-credit drift --reference DIR --current DIR --out")).to_be_visible()

    (reports / "evidently_full_report.html").write_text(
        "<title>r</title><script>document.write('<h1>' + 'drift report'.toUpperCase() + '</h1>')</script>"
    )
    page.reload()
    frame = page.frame_locator(f"iframe[title='{EN('drift.frame_alt')}']")
    expect(frame.get_by_role("heading")).to_have_text("DRIFT REPORT")
    expect(page.get_by_role("button", name=EN("drift.download"))).to_be_visible()


@pytest.mark.browser
def test_nothing_is_wider_than_a_phone(page: Page, address: str, decision: Decision) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/?client={decision.SK_ID_CURR}")
    expect(page.locator(".hc-verdict")).to_be_visible()
    expect(page.locator(".hc-table").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth") <= 0
