"""The API as its image runs it, with a store of known applicants and requests of every kind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from home_credit.applicants import ApplicantStore
from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.schemas import ApplicantQuery
from home_credit.tables.bundle import parse_bundle
from servers.load import request
from servers.processes import Server, start

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from home_credit.features.rows import Numbers

ROOT = Path(__file__).parents[2]
MAIN = ["-c", "from home_credit.cli.main import main; main()"]
KEY = "benchmark-key-of-32-characters-0"
HEADERS = {"X-API-Key": KEY}
START_SECONDS = 120
MOST_APPLICANTS = 2_000
MODEL = "/v2/models/home-credit/infer"


def add_arguments(parser: ArgumentParser) -> None:
    """Add what every benchmark of a served API asks for."""
    parser.add_argument(
        "--tables", type=Path, help="tables of known applicants; by default a demo portfolio is made"
    )
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "home-credit-benchmarks",
        help="where the API, and any model servers, are installed, each in an environment of its own",
    )
    parser.add_argument("--python", type=Path, help="runs the API; by default one with the image's packages")


@dataclass(frozen=True, slots=True)
class Data:
    """A folder with a store of applicants, their ids, the raw rows of some of them, and vectors of the model.

    ``python`` runs the API on them.
    """

    folder: Path
    python: Path
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
        "APPLICANTS_URL": f"sqlite:///{folder}/applicants.db",
        "DATABASE_URL": f"sqlite:///{folder}/ledger.db",
        "API_KEY": KEY,
        "MAX_REQUESTS_PER_MINUTE": ample,
        "MAX_KEY_REQUESTS_PER_MINUTE": ample,
    }


def interpreter(environments: Path) -> Path:
    """Return the Python of an environment with the locked packages of the API's image, and no others.

    It is made anew where the locks have changed.
    """
    locks, home = ROOT / "requirements/api.txt", environments / "api"
    stamp, digest = home / "locks.sha256", hashlib.sha256(locks.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        print(f"installing the API's packages in {home}", file=sys.stderr)
        venv.create(home, with_pip=True, clear=True)
        pip: list[str | Path] = [home / "bin/pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "--only-binary", ":all:", "--requirement", locks], check=True)
        stamp.write_text(digest)
    return home / "bin/python"


def command(python: Path) -> list[str | Path]:
    """Return the command of the image."""
    return [python, *MAIN, "serve", "api"]


def start_api(data: Data, port: int, *, core: int | None = None, most_bytes: int | None = None) -> Server:
    """Start the API and wait until it is healthy."""
    folder = data.folder
    server = start(
        "API",
        command(data.python),
        port,
        folder / f"api-{port}.log",
        core=core,
        most_bytes=most_bytes,
        environment=environment(folder, port),
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


def prepare(folder: Path, tables: Path | None, python: Path, *, bundles: int = 200) -> Data:
    """Fill a store with the applicants of ``tables``, or of a demo portfolio, and read requests from it."""
    if tables is None:
        tables = folder / "portfolio"
        _run("demo", "--out", str(tables), "--applicants", "2000", "--seed", "2018")
    address = f"sqlite:///{folder}/applicants.db"
    _run("load", "--tables", str(tables), "--to", address)
    store = ApplicantStore.open(address)
    try:
        applicants: list[int] = []
        while len(applicants) < MOST_APPLICANTS:
            query = ApplicantQuery(limit=100, after=applicants[-1] if applicants else 0)
            if not (found := store.search(query).applicants):
                break
            applicants += found
        chosen = applicants[:: max(1, len(applicants) // bundles)][:bundles]
        raw = [dict(store.read(each).bundle) for each in chosen]
    finally:
        store.close()
    scorer = Scorer.load(ROOT / "models", Settings())
    rows = scorer.computer.compute([parse_bundle(each) for each in raw])
    # JSON has no NaN: the vectors that all sides get have 0 for a missing value.
    vectors = np.nan_to_num(scorer.model.preprocessor.encode(rows))
    return Data(folder, python, applicants, raw, vectors, scorer.infer(vectors))


def _run(*arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run(
        [sys.executable, *MAIN, *arguments],
        check=True,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
