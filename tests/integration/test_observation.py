"""What operators see of the API: its log, its readiness, its start; and what clients do not see."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi.testclient import TestClient

from home_credit.api.app import create_app
from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.default_risk.manifest import Manifest, TrainingFacts
from home_credit.errors import ArtifactError
from home_credit.examples import APPLICANT, BUNDLE
from home_credit.ledger import Ledger
from home_credit.ledger.keys import new_secret
from support.commands import API_SERVER
from support.databases import drop_everything
from support.fakes import FakeApplicantStore, FakeScorer
from support.guarded import guarded
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_each_request_is_one_line_without_anything_personal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        guarded(tmp_path, api_key="k3y") as api,
        httpx.Client(base_url=f"http://127.0.0.1:{api.port}", headers={"X-API-Key": "k3y"}) as client,
    ):
        client.post(f"/applicants/{APPLICANT}/predict", headers={"X-Request-ID": "order-7.1"})
        client.post("/predict?simulation=true", json=BUNDLE)
        client.get(f"/applicants?id_prefix={APPLICANT}")
        client.get("/nobody/Jean-Dupont")
        client.get("/model", headers={"X-API-Key": "wrong"})
        sane = client.get("/livez", headers={"X-Request-ID": "order-7.1"}).headers["X-Request-ID"]
        issued = [
            client.get("/livez", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
            for sent in ("x" * 65, 'a"b', "a b", "")
        ]
    assert sane == "order-7.1"
    assert all(len(request_id) == 16 for request_id in issued)
    text = capfd.readouterr().err
    requests = [line for line in lines(text) if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"], line["key"]) for line in requests[:5]] == [
        ("POST", "/applicants/{SK_ID_CURR}/predict", 200, "API_KEY"),
        ("POST", "/predict", 200, "API_KEY"),
        ("GET", "/applicants", 200, "API_KEY"),
        ("GET", "unmatched", 404, "API_KEY"),
        ("GET", "/model", 401, None),
    ]
    assert requests[0]["request_id"] == "order-7.1"
    assert {"time", "level", "ms"} <= requests[0].keys()
    for personal in (str(APPLICANT), "Dupont", "k3y", "wrong", "AMT_"):
        assert personal not in text


def test_a_fault_is_logged_with_its_place_and_without_its_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    scorer = FakeScorer()
    scorer.fails = ValueError("the income of Jean Dupont")
    with (
        guarded(tmp_path, scorer=scorer) as api,
        httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client,
    ):
        answer = client.post("/predict", json=BUNDLE)
        metrics = client.get("/metrics").text
    assert answer.status_code == 500
    assert answer.json()["type"].endswith("fault")
    assert answer.headers["x-content-type-options"] == "nosniff"
    text = capfd.readouterr().err
    (fault,) = (line for line in lines(text) if line["level"] == "error")
    assert fault["request_id"] == answer.headers["X-Request-ID"]
    assert fault["route"] == "/predict"
    assert fault["exception"][0] == "builtins.ValueError"
    assert any("fakes.py" in place for place in fault["exception"])
    assert "Dupont" not in text
    assert 'home_credit_faults_total{kind="fault"} 1.0' in metrics


def test_every_answer_has_its_headers(tmp_path: Path) -> None:
    with (
        guarded(tmp_path, api_key="k3y") as api,
        httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client,
    ):
        key = {"X-API-Key": "k3y"}
        for answer in (
            client.get("/health"),
            client.get("/nothing", headers=key),
            client.get("/model"),
            client.post("/predict", json=BUNDLE, headers=key),
            client.get("/docs", headers=key),
        ):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["cache-control"] == "no-store"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert "x-home-credit-demo" not in answer.headers
            assert "server" not in answer.headers
        moved = client.get("/applicants/", headers={**key, "Host": "evil.example"})
        assert moved.status_code == 404
        assert "evil" not in str(moved.headers)


def test_a_demo_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (
        guarded(tmp_path, HOME_CREDIT_DEMO=True) as api,
        httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client,
    ):
        status = client.get("/status").json()
        assert {
            "access": "demo",
            "demo": True,
            "version": "1.0.0",
            "revision": None,
        }.items() <= status.items()
        decided = client.post("/predict", json=BUNDLE)
        assert decided.status_code == 200
        assert decided.headers["x-home-credit-demo"] == "true"
        assert list(client.get("/health").json()) == ["status", "model_loaded", "version"]
    assert "demo: everybody is answered" in capfd.readouterr().err


@pytest.fixture
def lost(postgres: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a ledger, and what takes its database away."""
    import sqlalchemy  # noqa: PLC0415  # as an administrator would, not as the API

    drop_everything(postgres)
    admin = sqlalchemy.create_engine(
        postgres.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    name = f"ledger_{time.time_ns()}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")

    def lose() -> None:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    yield str(admin.url.set(database=name).render_as_string(hide_password=False)), lose
    lose()
    admin.dispose()


def test_a_ledger_that_is_gone_is_seen_logged_and_not_described(
    lost: tuple[str, Callable[[], None]], caplog: pytest.LogCaptureFixture
) -> None:
    address, lose = lost
    scorer: Any = FakeScorer()
    known: Any = FakeApplicantStore({APPLICANT: {**BUNDLE}})
    settings = Settings(database_url=address, ledger_key=new_secret())
    app = create_app(settings, scorer=scorer, applicants=known)
    with TestClient(app, raise_server_exceptions=False) as client:
        logging.getLogger("home_credit").propagate = True
        assert client.get("/readyz").json() == {"model": True, "ledger": True, "applicants": True}
        assert client.get("/v2/health/ready").json() == {"ready": True}
        lose()
        refused = client.post("/predict", json=BUNDLE)
        assert refused.status_code == 503
        assert refused.json()["type"].endswith("no-ledger")
        assert refused.headers["retry-after"]
        for secret in ("postgres", "ledger_", "psycopg", "127.0.0.1", "/tmp"):  # noqa: S108  # a word to look for
            assert secret not in refused.text.replace("no-ledger", "")
        (fault,) = (record for record in caplog.records if record.name == "home_credit.api.problems")
        assert "ledger_" in fault.getMessage()
        assert fault.fields["request_id"] == refused.headers["X-Request-ID"]  # type: ignore[attr-defined]  # extra
        assert 'home_credit_faults_total{kind="no-ledger"} 1.0' in client.get("/metrics").text
        time.sleep(2.1)
        gone = client.get("/readyz")
        assert (gone.status_code, gone.json()) == (503, {"model": True, "ledger": False, "applicants": True})
        assert client.get("/v2/health/ready").status_code == 503
        assert client.get("/health").status_code == client.get("/livez").status_code == 200


def test_a_part_that_does_not_answer_in_time_is_not_ready(tmp_path: Path) -> None:
    with (
        guarded(tmp_path) as api,
        httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client,
    ):
        import threading  # noqa: PLC0415

        answered = threading.Event()
        api.app.state.readiness._questions["ledger"] = answered.wait
        began = time.monotonic()
        assert client.get("/readyz").json()["ledger"] is False
        assert client.get("/livez").status_code == 200
        assert time.monotonic() - began < 3
        answered.set()


BROKEN: list[bytes | dict[str, Any]] = [
    b"",
    b"{",
    b"\xff\xfe",
    b"null",
    b"[" * 200_000,
    b'{"validation":' * 100_000,
    {"artifacts": {}},
    {"artifacts": {"../../../etc/passwd": "0" * 64}},
    {"schema_version": 3},
    {"features": {"version": 1, "names": "EXT_SOURCE_2"}},
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: str(broken)[:30])
def test_a_broken_manifest_does_not_end_the_server(tmp_path: Path, broken: bytes | dict[str, Any]) -> None:
    folder = tmp_path / "models"
    shutil.copytree(ROOT / "models", folder)
    manifest = folder / "manifest.json"
    if isinstance(broken, dict):
        broken = json.dumps({**json.loads(manifest.read_text()), **broken}).encode()
    manifest.write_bytes(broken)
    known: Any = FakeApplicantStore({})
    settings = Settings(HOME_CREDIT_MODELS=folder, database_url=f"sqlite:///{tmp_path}/ledger.db")
    with TestClient(create_app(settings, applicants=known), raise_server_exceptions=False) as client:
        assert client.get("/health").json()["status"] == "unhealthy"
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").json() == {"model": False, "ledger": True, "applicants": True}
        refused = client.post("/predict", json=BUNDLE)
        assert refused.json()["type"].endswith("no-model")
        assert str(tmp_path) not in refused.text


@pytest.mark.parametrize("name", ["lgbm_model.joblib", "preprocessor.joblib", "terms.json"])
@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff" * 100, None])
def test_an_artefact_that_holds_no_model(tmp_path: Path, name: str, content: bytes | None) -> None:
    folder = tmp_path / "models"
    shutil.copytree(ROOT / "models", folder)
    assert Scorer.load(folder, Settings()).features
    (folder / name).unlink()
    if content is None:
        (folder / name).mkdir()
    else:
        (folder / name).write_bytes(content)
        plain = json.loads((folder / "manifest.json").read_text())
        facts = TrainingFacts(**{field: plain[field] for field in TrainingFacts.model_fields})
        artefacts = {**plain["artifacts"], name: hashlib.sha256(content).hexdigest()}
        Manifest.of(facts, artefacts).write(folder)
    with pytest.raises(ArtifactError):
        Scorer.load(folder, Settings())


class TestServer:
    """The server as a process."""

    def start(self, tmp_path: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        env = {name: value for name, value in os.environ.items() if name not in {"HOST", "PORT", "API_KEY"}}
        return subprocess.Popen(
            [*API_SERVER, *arguments],
            env={**env, "HOME_CREDIT_MODELS": str(ROOT / "models"), **environment},
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )

    @pytest.mark.parametrize(
        ("environment", "told"),
        [
            ({}, "everybody who reaches 0.0.0.0"),
            ({"HOME_CREDIT_DEMO": "1", "DATABASE_URL": "postgresql://c:s3cret@db/l"}, "DATABASE_URL is only"),
            ({"HOME_CREDIT_DEMO": "1", "APPLICANTS_URL": "sqlite:////mnt/a.db"}, "APPLICANTS_URL is only"),
            ({"DATABASE_URL": "postgresql://c:s3cret@db/l"}, "everybody who reaches 0.0.0.0"),
        ],
    )
    def test_it_does_not_start_open_without_being_told(
        self, tmp_path: Path, environment: dict[str, str], told: str
    ) -> None:
        process = self.start(tmp_path, "--host", "0.0.0.0", "--port", str(free_port()), **environment)  # noqa: S104  # what is refused
        _, error = process.communicate(timeout=120)
        assert process.returncode == 2
        assert error.startswith(f"home-credit: {told}")
        assert len(error.splitlines()) == 1
        assert "s3cret" not in error

    @pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_it_stops_in_time_with_requests_in_flight(
        self, tmp_path: Path, applicants_url: str, workers: int
    ) -> None:
        port = free_port()
        process = self.start(
            tmp_path, "--port", str(port), "--workers", str(workers), APPLICANTS_URL=applicants_url
        )
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while not _answers(url):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        with httpx.Client(base_url=url, timeout=30) as client:
            applicant = client.get("/applicants", params={"limit": 1}).json()["applicants"][0]
            bundle = client.get(f"/applicants/{applicant}").json()["bundle"]
            for _ in range(8):
                assert client.post(f"/applicants/{applicant}/predict").status_code == 200
            assert client.post("/predict", json=bundle).status_code == 200
            if workers > 1:
                counted = client.get("/metrics").text
                assert "home_credit_decisions_total{decision=" in counted
                total = sum(
                    float(line.split()[-1])
                    for line in counted.splitlines()
                    if line.startswith("home_credit_decisions_total{")
                )
                assert total == 9
        import socket  # noqa: PLC0415

        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for number, connection in enumerate(slow):
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n{"[: 30 + number * 5]
            )
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert time.monotonic() - began < 10
        for connection in slow:
            connection.close()
        ledger = Ledger.open(f"sqlite:///{tmp_path}/var/ledger.db")
        assert ledger.verify() == 9
        ledger.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
