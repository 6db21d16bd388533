"""The API as its image runs it, with a store of known applicants and requests of every kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.tables.bundle import parse_bundle
from servers.load import request
from servers.processes import Server, start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.features.rows import Numbers

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from home_credit.cli.main import main; main()"]
KEY = "benchmark-key-of-32-characters-0"
HEADERS = {"X-API-Key": KEY}
START_SECONDS = 120
MODEL = "/v2/models/home-credit/infer"


@dataclass(frozen=True, slots=True)
class Data:
    """A folder with a store of applicants, their ids, the raw rows of some of them, and vectors of the model."""

    folder: Path
    applicants: list[int]
    bundles: list[dict[str, Any]]
    vectors: Numbers
    probabilities: Numbers

    def known(self) -> list[bytes]:
        """Return one request for a decision on each known applicant."""
        return [request("POST", f"/applicants/{each}/predict", headers=HEADERS) for each in self.applicants]

    def raw(self) -> list[bytes]:
        """Return one request for a decision on raw rows for each bundle."""
        return [request("POST", "/predict", json.dumps(each).encode(), HEADERS) for each in self.bundles]

    def infer(self, *, binary: bool) -> list[bytes]:
        """Return one request of the Open Inference Protocol for each vector."""
        requests = []
        for vector in self.vectors:
            tensor: dict[str, Any] = {"name": "input", "shape": [1, len(vector)], "datatype": "FP64"}
            if not binary:
                body = json.dumps({"inputs": [{**tensor, "data": vector.tolist()}]}).encode()
                requests.append(request("POST", MODEL, body, HEADERS))
                continue
            tensor["parameters"] = {"binary_data_size": vector.nbytes}
            header = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
            length = {"Inference-Header-Content-Length": str(len(header))}
            requests.append(request("POST", MODEL, header + vector.tobytes(), {**HEADERS, **length}))
        return requests


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return the environment of the image, with databases in ``folder`` and limits per minute out of the way."""
    ample = str(10**9)
    return {
        "PYTHONPATH": str(ROOT / "src"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "MALLOC_ARENA_MAX": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
        "APPLICANTS_URL": f"sqlite:///{folder}/applicants.db",
        "DATABASE_URL": f"sqlite:///{folder}/ledger.db",
        "API_KEY": KEY,
        "MAX_REQUESTS_PER_MINUTE": ample,
        "MAX_KEY_REQUESTS_PER_MINUTE": ample,
    }


def start_api(
    folder: Path, port: int, *, core: int | None, settings: Mapping[str, str] | None = None
) -> Server:
    """Start the API and wait until it is healthy."""
    server = start(
        "API",
        [*COMMAND, "serve", "api"],
        port,
        folder / f"api-{port}.log",
        core=core,
        environment={**environment(folder, port), **(settings or {})},
        folder=ROOT,
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.running:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == httpx.codes.OK:
                return server
        except httpx.TransportError:
            time.sleep(0.05)
    server.stop()
    sys.exit(f"the API did not start:\n{server.end_of_log()}")


def prepare(folder: Path, tables: Path | None, port: int, *, bundles: int = 200) -> Data:
    """Fill a store with the applicants of ``tables``, or of a demo portfolio, and read requests from it."""
    if tables is None:
        tables = folder / "portfolio"
        _run("demo", "--out", str(tables), "--applicants", "2000", "--seed", "2018")
    _run("load", "--tables", str(tables), "--to", f"sqlite:///{folder}/applicants.db")
    server = start_api(folder, port, core=None)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=60) as http:
            applicants: list[int] = []
            while len(applicants) < 2_000:
                after = applicants[-1] if applicants else 0
                page = http.get("/applicants", params={"limit": 100, "after": after}).raise_for_status()
                if not (found := page.json()["applicants"]):
                    break
                applicants += found
            chosen = applicants[:: max(1, len(applicants) // bundles)][:bundles]
            raw = [http.get(f"/applicants/{each}").raise_for_status().json()["bundle"] for each in chosen]
    finally:
        server.stop()
    scorer = Scorer.load(ROOT / "models", Settings())
    rows = scorer.computer.compute([parse_bundle(each) for each in raw])
    # JSON has no NaN: the vectors that all sides get have 0 for a missing value.
    vectors = np.nan_to_num(scorer.model.preprocessor.encode(rows))
    return Data(folder, applicants, raw, vectors, scorer.infer(vectors))


def _run(*arguments: str) -> None:
    subprocess.run(
        [*COMMAND, *arguments],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
