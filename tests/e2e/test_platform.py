"""The platform end to end: the command that runs all services, real processes, a real browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from home_credit.dashboard.texts import texts
from support.chromium import chromium
from support.commands import COMMAND, home_credit
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
START_SECONDS = 150


class Platform:
    """`home-credit up` on free ports with its own ledger, on the committed model and a test portfolio."""

    def __init__(self, portfolio: Path, folder: Path) -> None:
        self.ports = {name: free_port() for name in ("API", "DASHBOARD", "MLFLOW")}
        self.environment = {
            **os.environ,
            **{f"PORT_{name}": str(port) for name, port in self.ports.items()},
            "HOME_CREDIT_PORTFOLIO": str(portfolio),
            "APPLICANTS_URL": f"sqlite:///{folder / 'applicants.db'}",
            "DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}",
        }
        self.output = folder / "up.log"
        with self.output.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up"], cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def url(self, name: str, path: str = "") -> str:
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while "all three answer" not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.2)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return home_credit(*arguments, environment=self.environment, folder=ROOT)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture(scope="module")
def platform(portfolio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(portfolio, tmp_path_factory.mktemp("platform"))
    try:
        running.wait()
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture(scope="module")
def applicant(platform: Platform) -> int:
    return int(httpx.get(platform.url("API", "/applicants?limit=1")).json()["applicants"][0])


def test_health_is_exactly_what_the_guide_expects(platform: Platform) -> None:
    answer = httpx.get(platform.url("API", "/health"))
    assert answer.status_code == 200
    assert answer.json() == {"status": "healthy", "model_loaded": True, "version": "1.0.0"}


def test_a_decision_is_recorded_replayed_and_the_chain_is_whole(platform: Platform, applicant: int) -> None:
    decision = httpx.post(platform.url("API", f"/applicants/{applicant}/predict"), timeout=30).json()
    assert decision["SK_ID_CURR"] == applicant
    assert decision["reasons"]
    bundle = httpx.get(platform.url("API", f"/applicants/{applicant}")).json()["bundle"]
    again = httpx.post(platform.url("API", "/predict"), json=bundle, timeout=30).json()
    assert again["probability_of_default"] == decision["probability_of_default"]
    assert again["reasons"] == decision["reasons"]
    batch = httpx.post(
        platform.url("API", "/predict/batch"), json={"bundles": [bundle, {"application": {}}]}, timeout=30
    ).json()["results"]
    assert batch[0]["decision"]["reasons"] == decision["reasons"]
    assert batch[1]["problem"]["status"] == 422

    replayed = platform.run("replay", decision["decision_id"])
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout)["identical"]
    verified = platform.run("ledger", "verify")
    assert (verified.returncode, verified.stdout) == (0, "3 records, chain intact\n")
    unknown = platform.run("replay", "nothing")
    assert (unknown.returncode, unknown.stderr) == (2, "home-credit: no decision nothing in the ledger\n")


def test_the_mlflow_ui_lists_the_run_and_its_model(platform: Platform) -> None:
    api = platform.url("MLFLOW", "/api/2.0/mlflow")
    (model,) = httpx.get(f"{api}/registered-models/search").json()["registered_models"]
    assert model["name"] == "home-credit"
    assert "champion" in {alias["alias"] for alias in model["aliases"]}
    run = httpx.get(f"{api}/runs/get", params={"run_id": model["latest_versions"][0]["run_id"]}).json()["run"]
    assert {"auc", "log_loss", "brier"} <= {metric["key"] for metric in run["data"]["metrics"]}
    assert not Path(run["info"]["artifact_uri"]).is_absolute()
    files = httpx.get(
        f"{api}/artifacts/list", params={"run_id": run["info"]["run_id"], "path": "curves"}
    ).json()
    assert {Path(file["path"]).stem for file in files["files"]} == {
        "roc",
        "reliability",
        "cost",
        "importance",
    }


def test_the_smoke_test_of_a_deployment_passes(platform: Platform) -> None:
    services = [(f"--{name.lower()}", platform.url(name)) for name in platform.ports]
    ran = platform.run("deploy", "smoke", *(part for pair in services for part in pair))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["ok"] * 7


@pytest.mark.browser
def test_a_loan_officer_decides_in_the_browser(platform: Platform, applicant: int) -> None:
    words = texts("fr")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(platform.url("DASHBOARD", f"/?client={applicant}"))
        expect(page.get_by_text(str(applicant)).first).to_be_visible(timeout=60_000)
        record = httpx.post(platform.url("API", f"/applicants/{applicant}/predict"), timeout=30).json()
        expect(page.get_by_text(words(f"decision.{record['decision']}")).first).to_be_visible(timeout=30_000)
        expect(page.get_by_text(record["reasons"][0]["text"]["fr"]).first).to_be_visible()


def test_a_port_in_use_is_one_clear_line_and_nothing_is_left_running(platform: Platform) -> None:
    refused = platform.run("up")
    assert refused.returncode == 2
    assert "is in use; set PORT_API to another" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_ctrl_c_stops_all_three(platform: Platform) -> None:
    """Runs last, since it stops the platform of the other tests."""
    assert platform.stop() == 0
    for name in platform.ports:
        with pytest.raises(httpx.ConnectError):
            httpx.get(platform.url(name))
