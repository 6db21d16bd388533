"""The three services on a free plan: a tenth of a core and 512 MB each, as their images run them.

    make images
    python benchmarks/free_plan.py [--rounds 3] [--cores 0.1]

Needs root, buildah, the images, Chromium and cgroups of version 1. Every service is in a group of its own, with a quota of
the kernel's scheduler (10 ms in each period of 100 ms) and a limit of memory; the browser is outside. The images' files are in
the page cache. In each round the services start anew, one after the other, and nobody has asked them for anything:

- *healthy*: from the start of the process until the health check answers;
- *first decision*: the first request for one, on raw rows and on a known applicant, straight at the API;
- *first page*: the address of the dashboard in a new browser, until the start page stands there;
- *applicant*: an applicant opened by address in a new tab, with a decision recorded before, until the reasons stand there;
- *drift tab*: a click on it on the start page, until the verdict stands there;
- *runs*: MLflow's list of runs in a new browser.

Prints the median and the worst of the rounds, and exits with 1 where a median is above its goal.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect
from servers.containers import PERIOD, Group, Service, Share, group, mounted, running

from home_credit.client import ApiClient
from home_credit.dashboard.texts import texts
from home_credit.serve import HEALTH, Name

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.chromium import chromium  # the browser that the tests drive
from support.ports import free_port

if TYPE_CHECKING:
    from servers.processes import Server

SERVICES: tuple[Name, ...] = ("api", "dashboard", "mlflow")
MEMORY = 512_000_000  # bytes
START_SECONDS = 300
WAIT = 120_000  # milliseconds that the browser waits
GOALS = {  # seconds
    "API healthy": 10.0,
    "dashboard healthy": 10.0,
    "MLflow healthy": 23.0,
    "first decision, raw rows": 1.0,
    "first decision, known applicant": 1.0,
    "first page": 5.0,
    "applicant": None,
    "drift tab": 3.0,
    "runs": None,
}
TITLES: dict[Name, str] = {"api": "API", "dashboard": "dashboard", "mlflow": "MLflow"}


def main() -> int:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=float, default=0.1, help="the share of a core of each service")
    arguments = parser.parse_args()
    share = Share(arguments.cores, MEMORY)
    seconds: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            costs = one_round(Path(folder), share, seconds)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {share.cores} of a core in "
        f"periods of {PERIOD / 1000:.0f} ms, {share.memory_bytes / 1e6:.0f} MB; "
        f"streamlit {version('streamlit')}, mlflow {version('mlflow')}\n"
    )
    print("| figure | median s | worst s | goal s |\n|---|---:|---:|---:|")
    missed = []
    for figure, goal in GOALS.items():
        median, worst = statistics.median(seconds[figure]), max(seconds[figure])
        print(f"| {figure} | {median:.2f} | {worst:.2f} | {goal or ''} |")
        if goal is not None and median > goal:
            missed.append(figure)
    print("\n" + "\n".join(costs))
    if missed:
        print(f"\nabove a goal: {', '.join(missed)}")
    return bool(missed)


def one_round(folder: Path, share: Share, seconds: dict[str, list[float]]) -> list[str]:
    """Start all three, use each for the first time, and return what each has cost."""
    ports: dict[Name, int] = {name: free_port() for name in SERVICES}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as stack:
        started: dict[Name, tuple[Server, Group, float]] = {}
        for name in SERVICES:
            image = stack.enter_context(mounted(f"localhost/home-credit-{name}"))
            limits = stack.enter_context(group(f"home-credit-{name}", share))
            settings = {"HOST": "127.0.0.1", "PORT": str(ports[name]), "API_URL": urls["api"]}
            began = time.monotonic()
            service = Service(name, ports[name], folder / f"{name}.log")
            server = stack.enter_context(running(service, image, limits, settings))
            _wait(server, urls[name] + HEALTH[name])
            _take(seconds, f"{TITLES[name]} healthy", began)
            started[name] = server, limits, server.cpu_seconds()
        applicants = _decide(urls["api"], seconds)
        _read_dashboard(urls["dashboard"], applicants, seconds)
        _read_mlflow(urls["mlflow"], seconds)
        return [_costs(TITLES[name], *started[name]) for name in SERVICES]


def _take(seconds: dict[str, list[float]], figure: str, began: float) -> None:
    seconds[figure].append(time.monotonic() - began)
    print(f"{figure}: {seconds[figure][-1]:.2f} s", file=sys.stderr)


def _wait(server: Server, health: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.running:
        try:
            if httpx.get(health, timeout=10).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    sys.exit(f"{server.name} did not answer:\n{server.end_of_log()}")


def _decide(api: str, seconds: dict[str, list[float]]) -> list[int]:
    """Ask for the first decisions and return the ids of applicants who have one."""
    with ApiClient(api) as client:
        raw, *known = client.applicants(limit=3).applicants
        bundle = client.applicant(raw).bundle
        began = time.monotonic()
        client.predict(bundle)
        _take(seconds, "first decision, raw rows", began)
        for number, applicant in enumerate(known):
            began = time.monotonic()
            client.predict_applicant(applicant)
            if number == 0:
                _take(seconds, "first decision, known applicant", began)
    return known


def _read_dashboard(address: str, applicants: list[int], seconds: dict[str, list[float]]) -> None:
    say = texts("fr")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 900}, locale="fr-FR")
        page.set_default_timeout(WAIT)
        began = time.monotonic()
        page.goto(address, wait_until="commit")
        page.get_by_text(say("search.start")).first.wait_for()
        _take(seconds, "first page", began)
        page.wait_for_load_state("networkidle")
        began = time.monotonic()
        page.get_by_text(say("pages.drift")).first.click()
        page.wait_for_selector(".hc-verdict")
        _take(seconds, "drift tab", began)
        opened = browser.new_page(viewport={"width": 1366, "height": 900}, locale="fr-FR")
        opened.set_default_timeout(WAIT)
        began = time.monotonic()
        opened.goto(f"{address}/?client={applicants[-1]}", wait_until="commit")
        opened.wait_for_selector(".hc-arguments")
        _take(seconds, "applicant", began)


def _read_mlflow(address: str, seconds: dict[str, list[float]]) -> None:
    api = f"{address}/api/2.0/mlflow"
    (model,) = httpx.get(f"{api}/registered-models/search", timeout=60).json()["registered_models"]
    asked = {"run_id": model["latest_versions"][0]["run_id"]}
    run = httpx.get(f"{api}/runs/get", params=asked, timeout=60).json()["run"]["info"]
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        began = time.monotonic()
        page.goto(f"{address}/#/experiments/{run['experiment_id']}/runs", wait_until="commit")
        expect(page.get_by_text(run["run_name"]).first).to_be_visible(timeout=WAIT)
        _take(seconds, "runs", began)


def _costs(title: str, server: Server, limits: Group, healthy: float) -> str:
    """Return a line on CPU and memory; ends the benchmark where the kernel killed the service for its memory."""
    if limits.ended_for_memory():
        sys.exit(f"{title} needs more than its memory")
    return (
        f"{title}: {healthy:.2f} CPU s until healthy, {server.cpu_seconds():.1f} in all, kept waiting {limits.throttled_seconds():.0f} s, "
        f"resident {server.peak_mib():.0f} MiB at most, charged with cached files {limits.peak_mib():.0f} MiB"
    )


if __name__ == "__main__":
    sys.exit(main())
