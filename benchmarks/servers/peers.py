"""The sides: ours, general model servers in environments of their own, and plain FastAPI as a reference."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from servers.load import request
from servers.ours import COMMAND, Data, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.features.rows import Numbers

FILES = Path(__file__).parent / "files"
PACKAGES = {
    "MLServer": ("mlserver==1.7.1", "mlserver-lightgbm==1.7.1"),
    "BentoML": ("bentoml==1.4.40", "lightgbm==4.7.0"),
    "MLflow": ("mlflow==3.17.2", "lightgbm==4.7.0", "scikit-learn"),
    "LitServe": ("litserve==0.2.19", "lightgbm==4.7.0"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """How a server is started and asked, and the probabilities in its answer (``None``: no probability)."""

    name: str
    kind: str  # ours, peer or reference
    command: Sequence[str | Path]
    requests: Sequence[bytes]
    read: Callable[[bytes], Any] | None
    environment: Mapping[str, str] = field(default_factory=dict)
    shares: str | None = None  # the name of the side whose server this side asks too


def sides(data: Data, environments: Path, ports: Mapping[str, int], only: Sequence[str]) -> list[Side]:
    """Return the sides, with the environments of the peers made where they are missing."""
    names = ("known applicant", "raw bundle", "infer, binary", "infer, JSON", *PACKAGES, *REFERENCES)
    if unknown := set(only) - set(names):
        sys.exit(f"no side {', '.join(sorted(unknown))}; the sides are {', '.join(names)}")
    rows = [vector.tolist() for vector in data.vectors]
    found = _ours(data, ports["known applicant"])
    for name in PACKAGES:
        if name in (only or names):
            scripts = environment_of(name, environments)
            found.append(_PEERS[name](data.folder, scripts, ports[name], rows))
    found += _references(rows, ports)
    return [side for side in found if side.name in (only or names)]


def environment_of(name: str, folder: Path) -> Path:
    """Return the folder of scripts of a peer's environment; it is made once, and must hold these releases."""
    home = folder / name.lower()
    if not (home / "bin/pip").exists():
        print(f"installing {name} in {home}", file=sys.stderr)
        venv.create(home, with_pip=True)
    pip = [home / "bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", *PACKAGES[name]], check=True, stderr=subprocess.DEVNULL)
    return home / "bin"


def _ours(data: Data, port: int) -> list[Side]:
    command, given = [*COMMAND, "serve", "api"], environment(data.folder, port)
    ours = [
        Side("known applicant", "ours", command, data.known(), None, given),
        Side("raw bundle", "ours", command, data.raw(), None, given, shares="known applicant"),
    ]
    for name, requests, read in (
        ("infer, binary", data.infer(binary=True), lambda body: np.frombuffer(body[-8:])[0]),
        (
            "infer, JSON",
            data.infer(binary=False),
            lambda body: json.loads(body)["outputs"][0]["data"][0],
        ),
    ):
        ours.append(Side(name, "ours", command, requests, read, given, shares="known applicant"))
    return ours


def _posts(path: str, rows: Sequence[Sequence[float]], body: Callable[[Sequence[float]], Any]) -> list[bytes]:
    return [request("POST", path, json.dumps(body(row)).encode()) for row in rows]


def _mlserver(folder: Path, scripts: Path, port: int, rows: Sequence[Sequence[float]]) -> Side:
    home = folder / "mlserver"
    home.mkdir(exist_ok=True)
    # No separate process for inference, which would only add a queue.
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": port + 1,
        "metrics_port": port + 2,
        "parallel_workers": 0,
    }
    (home / "settings.json").write_text(json.dumps(settings))
    model = {
        "name": "model",
        "implementation": "mlserver_lightgbm.LightGBMModel",
        "parameters": {"uri": str(folder / "model.bst")},
    }
    (home / "model-settings.json").write_text(json.dumps(model))
    requests = _posts(
        "/v2/models/model/infer",
        rows,
        lambda row: {
            "inputs": [{"name": "input", "shape": [1, len(row)], "datatype": "FP64", "data": list(row)}]
        },
    )
    return Side(
        "MLServer",
        "peer",
        [scripts / "mlserver", "start", home],
        requests,
        lambda body: json.loads(body)["outputs"][0]["data"][0],
    )


def _bentoml(folder: Path, scripts: Path, port: int, rows: Sequence[Sequence[float]]) -> Side:
    command = [
        scripts / "bentoml",
        "serve",
        "bento_service:Model",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    return Side(
        "BentoML",
        "peer",
        [*command, "--working-dir", FILES],
        _posts("/predict", rows, lambda row: {"rows": [row]}),
        lambda body: json.loads(body)[0],
        {"BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "true"},
    )


def _mlflow(folder: Path, scripts: Path, port: int, rows: Sequence[Sequence[float]]) -> Side:
    model = folder / "mlflow"
    subprocess.run(
        [scripts / "python", FILES / "mlflow_model.py", model],
        check=True,
        capture_output=True,
        cwd=folder,
        env={"MODEL_FILE": str(folder / "model.bst"), "PATH": str(scripts)},
    )
    command = [scripts / "mlflow", "models", "serve", "--model-uri", model, "--env-manager", "local"]
    return Side(
        "MLflow",
        "peer",
        [*command, "--workers", "1", "--host", "127.0.0.1", "--port", str(port)],
        _posts("/invocations", rows, lambda row: {"inputs": [row]}),
        lambda body: json.loads(body)["predictions"][0],
        # It starts uvicorn by its name.
        {"PATH": f"{scripts}:/usr/bin:/bin"},
    )


def _litserve(_folder: Path, scripts: Path, port: int, rows: Sequence[Sequence[float]]) -> Side:
    return Side(
        "LitServe",
        "peer",
        [scripts / "python", FILES / "litserve_server.py", str(port)],
        _posts("/predict", rows, lambda row: {"rows": [row]}),
        lambda body: json.loads(body)["probabilities"][0],
    )


_PEERS: Mapping[str, Callable[[Path, Path, int, Sequence[Sequence[float]]], Side]] = {
    "MLServer": _mlserver,
    "BentoML": _bentoml,
    "MLflow": _mlflow,
    "LitServe": _litserve,
}
REFERENCES = {
    "FastAPI, predict": "/predict",
    "FastAPI, pred_contrib": "/contributions",
    "FastAPI, constant": "/constant",
}


def _references(rows: Sequence[Sequence[float]], ports: Mapping[str, int]) -> list[Side]:
    first, *_ = REFERENCES
    command = [sys.executable, "-m", "uvicorn", "fastapi_reference:app", "--app-dir", FILES]
    command += ["--host", "127.0.0.1", "--port", str(ports[first]), "--log-level", "warning"]
    return [
        Side(
            name,
            "reference",
            command,
            _posts(path, rows, lambda row: {"values": row}),
            (lambda body: json.loads(body)[0]) if path == "/predict" else None,
            shares=None if name == first else first,
        )
        for name, path in REFERENCES.items()
    ]


def differs(side: Side, body: bytes, expected: Numbers) -> bool:
    """Return whether an answer holds another probability than the booster gives for the last vector asked."""
    return side.read is not None and not np.isclose(side.read(body), expected, rtol=1e-9, atol=0).any()
