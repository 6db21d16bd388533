"""The API as in its image, behind a proxy, and the alert rules."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from home_credit.api import drift_gauges
from home_credit.api.metrics import Metrics
from home_credit.monitoring.verdict import VERDICT, stored_verdict
from home_credit.schemas.verdicts import Interval, RealisedPerformance
from support.commands import SERVE_API
from support.ports import free_port
from support.servers import server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LIMIT = 5


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    (trusted,) = re.findall(r"FORWARDED_ALLOW_IPS=(\S+)", (ROOT / "api" / "Dockerfile").read_text())
    environment = {
        **os.environ,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "FORWARDED_ALLOW_IPS": trusted,
        "MAX_REQUESTS_PER_MINUTE": str(LIMIT),
        # A request that a proxy passed on is not of this machine.
        "HOME_CREDIT_DEMO": "1",
        "HOME_CREDIT_MODELS": str(ROOT / "models"),
    }
    folder = tmp_path_factory.mktemp("proxy")
    with server(SERVE_API, port, "/health", folder / "api.log", cwd=folder, env=environment) as running:
        yield running.url
    assert running.process.returncode in {0, -signal.SIGTERM}


def test_the_rate_limit_counts_clients_and_believes_none_of_them(api: str) -> None:
    def ask(forwarded: str) -> int:
        return httpx.get(f"{api}/model", headers={"X-Forwarded-For": forwarded}, timeout=60).status_code

    # Another address forged by the client each time, then its own, then the platform's.
    own = [ask(f"198.51.100.{number}, 203.0.113.9, 10.21.157.68") for number in range(LIMIT + 1)]
    assert own == [200] * LIMIT + [429]
    assert ask("203.0.113.10, 10.21.157.68") == 200


def test_the_alerts_ask_for_metrics_that_exist(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.answered("POST", "/predict", 200, 0.1)
    rate = Interval(value=0.08, low=0.07, high=0.09)
    outcomes = RealisedPerformance(
        model_version="m", decided=10, known=10, auc=None, default_rate=rate, estimated_rate=0.08,
        estimate_error=0.0, estimate_holds=True, cost=None, grades=[], vintages=[],
    )  # fmt: skip
    verdict = stored_verdict(ROOT / "reports").model_copy(update={"outcomes": outcomes})
    (tmp_path / VERDICT).write_text(verdict.model_dump_json(), encoding="utf-8")
    told = metrics.text().decode() + drift_gauges.text(tmp_path).decode()
    known = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
    rules = (ROOT / "deploy" / "alerts.yml").read_text()
    asked = set(re.findall(r"\bhome_credit_\w+", rules))
    assert asked and {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked} <= known
