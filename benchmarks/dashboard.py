"""How long an officer waits, in Chromium: the median of ten, from the address or the key press to what is drawn.

    python benchmarks/dashboard.py [--tables DIR] [--times 10]

Starts the API with a store of demo applicants and the dashboard, each as a process. An applicant is opened by address in
a new tab, with a decision recorded before; an external score is changed on the page of simulations; the page of drift
is opened with the committed report.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from home_credit.applicants.loading import current_features, load  # noqa: E402
from home_credit.client import ApiClient  # noqa: E402
from home_credit.synthetic import write_demo  # noqa: E402
from support.chromium import chromium  # noqa: E402
from support.ports import free_port  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser

START_SECONDS = 60
WAIT = 20_000  # milliseconds


def main() -> None:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--tables", type=Path, help="tables of known applicants; by default a demo portfolio is made"
    )
    parser.add_argument("--times", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        tables = arguments.tables
        if tables is None:
            tables = Path(folder) / "demo"
            write_demo(tables, 1_000, seed=2018)
        load(tables, f"sqlite:///{folder}/applicants.db", current_features())
        api = stack.enter_context(_api(folder))
        address = stack.enter_context(_dashboard(api))
        browser = stack.enter_context(chromium())
        with ApiClient(api) as client:
            applicants = client.applicants(limit=arguments.times + 1).applicants
            for applicant in applicants:
                client.predict_applicant(applicant)
        measured = {
            "an applicant opened, with the reasons (goal 2 s)": [
                _opened(browser, f"{address}/?client={applicant}", ".hc-arguments")
                for applicant in applicants
            ],
            "a change simulated, to its answer (goal 0.5 s)": _simulated(
                browser, address, applicants[0], arguments.times
            ),
            "the verdict on drift (goal 1 s)": [
                _opened(browser, f"{address}/data-drift", ".hc-verdict") for _ in range(arguments.times + 1)
            ],
        }
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"streamlit {version('streamlit')}, playwright {version('playwright')}")
    for what, seconds in measured.items():
        kept = seconds[1:]  # the first one warms the processes
        print(f"{what}: median {statistics.median(kept):.2f} s, worst {max(kept):.2f} s of {len(kept)}")


def _opened(browser: Browser, address: str, wanted: str) -> float:
    """Return the seconds from the address in a new tab until the first ``wanted`` element is visible."""
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(wanted, timeout=WAIT)
    seconds = time.perf_counter() - began
    page.close()
    return seconds


def _simulated(browser: Browser, address: str, applicant: int, times: int) -> list[float]:
    """Return the seconds from a change of an external score until the answer on it stands there."""
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.set_default_timeout(WAIT)
    page.goto(f"{address}/simulate?lang=en")
    page.get_by_label("Client number").fill(str(applicant))
    page.keyboard.press("Enter")
    page.wait_for_selector(".hc-verdict")
    shown = page.locator(".hc-table tr:has-text('Probability of default') td:last-child")
    seconds = []
    for place in range(times + 1):
        before = shown.inner_text()
        page.get_by_label("External score 2").fill(f"{0.1 + 0.6 * (place % 2) + 0.01 * place:.2f}")
        began = time.perf_counter()
        page.keyboard.press("Enter")
        page.wait_for_function(
            "before => { const at = [...document.querySelectorAll('.hc-table tr')]"
            ".find(row => row.innerText.includes('Probability of default'));"
            " return at && at.lastElementChild.innerText !== before; }",
            arg=before,
        )
        seconds.append(time.perf_counter() - began)
    page.close()
    return seconds


@contextmanager
def _api(folder: str) -> Iterator[str]:
    settings = {
        "DATABASE_URL": f"sqlite:///{folder}/ledger.db",
        "APPLICANTS_URL": f"sqlite:///{folder}/applicants.db",
        "HOME_CREDIT_MODELS": str(ROOT / "models"),
        "HOME_CREDIT_REPORTS": str(ROOT / "reports"),
        "HOME_CREDIT_MODEL_VERSIONS": f"{folder}/models",
    }
    port = free_port()
    line = [sys.executable, "-m", "home_credit.api.server", "--host", "127.0.0.1", "--port", str(port)]
    with _process(line, settings, f"http://127.0.0.1:{port}", "/health") as url:
        yield url


@contextmanager
def _dashboard(api: str) -> Iterator[str]:
    port = free_port()
    line = [sys.executable, "-m", "streamlit", "run", "streamlit_app/app.py"]
    line += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with _process(line, {"API_URL": api}, f"http://127.0.0.1:{port}", "/_stcore/health") as url:
        yield url


@contextmanager
def _process(line: list[str], settings: Mapping[str, str], url: str, health: str) -> Iterator[str]:
    environment = {**os.environ, **settings}
    with subprocess.Popen(
        line, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while True:
                try:
                    httpx.get(url + health, timeout=2).raise_for_status()
                    break
                except httpx.HTTPError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        sys.exit(f"{line[2]} did not start")
                    time.sleep(0.2)
            yield url
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
