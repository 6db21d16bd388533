"""Existing clients of the Open Inference Protocol, unmodified, against a running server and the committed model."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.http import aio
from tritonclient.utils import InferenceServerException

from home_credit.api.app import create_app
from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from support.fakes import FakeApplicantStore
from support.sites import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from home_credit.features.rows import Numbers

ROOT = Path(__file__).parents[2]
MODEL, OUTPUT = "home-credit", "probability_of_default"
ROWS = 7
MLSERVER = "mlserver==1.7.1"


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(ROOT / "models", Settings())


@pytest.fixture(scope="module")
def address(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db"
    none: Any = FakeApplicantStore({})
    with serve(create_app(Settings(database_url=database), scorer=scorer, applicants=none)) as url:
        yield url.removeprefix("http://")


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Any]:
    with triton.InferenceServerClient(address) as opened:
        yield opened


@pytest.fixture(scope="module")
def matrix(scorer: Scorer) -> Numbers:
    """Vectors of the model with a missing value here and there."""
    rng = np.random.default_rng(2018)
    rows = rng.normal(size=(ROWS, len(scorer.features)))
    for name, known in scorer.categories.items():
        rows[:, scorer.features.index(name)] = rng.integers(len(known), size=ROWS)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows


def columns(scorer: Scorer, matrix: Numbers) -> dict[str, Any]:
    """The same vectors by feature, categories as text."""
    return {
        name: np.array(
            ["" if np.isnan(code) else scorer.categories[name][int(code)] for code in column], dtype=object
        )
        if name in scorer.categories
        else column
        for name, column in zip(scorer.features, matrix.T, strict=True)
    }


def filled(scorer: Scorer, matrix: Numbers) -> Numbers:
    """The vectors with 0 for a missing number, which JSON has no name for."""
    numeric = [name not in scorer.categories for name in scorer.features]
    return np.where(np.isnan(matrix) & numeric, 0.0, matrix)


def inputs(scorer: Scorer, matrix: Numbers, *, binary: bool) -> list[Any]:
    found = []
    for name, column in columns(scorer, matrix).items():
        tensor = triton.InferInput(name, [len(column)], "BYTES" if name in scorer.categories else "FP64")
        # JSON has no NaN, which this client would send.
        tensor.set_data_from_numpy(
            column if binary or column.dtype == object else np.nan_to_num(column), binary
        )
        found.append(tensor)
    return found


def whole(matrix: NDArray[Any], datatype: str = "FP64") -> list[Any]:
    tensor = triton.InferInput("input", matrix.shape, datatype)
    tensor.set_data_from_numpy(matrix)
    return [tensor]


class TestTriton:
    def test_health_and_metadata(self, client: Any, scorer: Scorer) -> None:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready(MODEL)
        assert client.is_model_ready(MODEL, scorer.version)
        assert not client.is_model_ready(MODEL, "9")
        assert not client.is_model_ready("other")
        assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
        facts = client.get_model_metadata(MODEL, scorer.version)
        assert facts == client.get_model_metadata(MODEL)
        assert [each["name"] for each in facts["inputs"]] == list(scorer.features)
        assert {each["name"] for each in facts["inputs"] if each["datatype"] == "BYTES"} == set(
            scorer.categories
        )

    def test_binary_tensors(self, client: Any, scorer: Scorer, matrix: Numbers) -> None:
        expected = scorer.infer(matrix)
        by_feature = client.infer(MODEL, inputs(scorer, matrix, binary=True), request_id="a")
        assert by_feature.as_numpy(OUTPUT).tobytes() == expected.tobytes()
        assert by_feature.get_response()["id"] == "a"
        at_once = client.infer(MODEL, whole(matrix), model_version=scorer.version)
        assert at_once.as_numpy(OUTPUT).tobytes() == expected.tobytes()
        alone = client.infer(MODEL, whole(matrix[3:4])).as_numpy(OUTPUT)
        assert alone.tobytes() == expected[3:4].tobytes()

    def test_json_tensors(self, client: Any, scorer: Scorer, matrix: Numbers) -> None:
        rows = filled(scorer, matrix)
        requested = [triton.InferRequestedOutput(OUTPUT, binary_data=False)]
        answer = client.infer(MODEL, inputs(scorer, rows, binary=False), outputs=requested)
        assert answer.as_numpy(OUTPUT).tolist() == scorer.infer(rows).tolist()

    def test_single_precision(self, client: Any, scorer: Scorer, matrix: Numbers) -> None:
        single = matrix.astype(np.float32)
        found = client.infer(MODEL, whole(single, "FP32")).as_numpy(OUTPUT)
        assert found.tolist() == scorer.infer(single.astype(np.float64)).tolist()

    @pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
    def test_compression(self, client: Any, scorer: Scorer, matrix: Numbers, algorithm: str) -> None:
        found = client.infer(
            MODEL,
            whole(matrix),
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
        assert found.as_numpy(OUTPUT).tobytes() == scorer.infer(matrix).tobytes()

    def test_errors(self, client: Any, matrix: Numbers) -> None:
        for version, rows, status, text in (
            ("", matrix[:, 1:], "400", "655"),
            ("9", matrix, "404", "version"),
        ):
            with pytest.raises(InferenceServerException, match=text) as refused:
                client.infer(MODEL, whole(rows), model_version=version)
            assert refused.value.status() == status
        with pytest.raises(InferenceServerException, match="no such address|Not Found"):
            client.infer("other", whole(matrix))

    def test_the_asynchronous_client(self, address: str, scorer: Scorer, matrix: Numbers) -> None:
        async def ask() -> Any:
            async with aio.InferenceServerClient(address) as opened:
                assert await opened.is_model_ready(MODEL)
                return (await opened.infer(MODEL, whole(matrix))).as_numpy(OUTPUT)

        assert asyncio.run(ask()).tobytes() == scorer.infer(matrix).tobytes()


@pytest.mark.slow
def test_mlserver(address: str, scorer: Scorer, matrix: Numbers, tmp_path: Path) -> None:
    """``mlserver infer``, which sends a file of requests in batches; its packages do not go with ours."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "home-credit-benchmarks"
    command = cache / "mlserver/bin/mlserver"
    if not command.exists():
        venv.create(cache / "mlserver", with_pip=True)
        installed = subprocess.run(
            [cache / "mlserver/bin/pip", "install", "--quiet", MLSERVER],
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode:
            pytest.skip(f"{MLSERVER} cannot be installed: {installed.stderr.strip()[-200:]}")
    # As JSON it would send NaN for a missing value, which is no JSON; MLServer itself refuses that too.
    for rows, more in (
        (filled(scorer, matrix), ["--batch-size", "3"]),
        (matrix, ["--batch-size", "3", "--binary-data"]),
        (matrix, ["--batch-size", "1", "--binary-data"]),
    ):
        sent, received = tmp_path / "requests.jsonl", tmp_path / "answers.jsonl"
        sent.write_text("".join(json.dumps(each) + "\n" for each in single_requests(scorer, rows)))
        subprocess.run(
            [command, "infer", "-u", address, "-m", MODEL, "-i", sent, "-o", received, *more],
            check=True,
            timeout=120,
            capture_output=True,
        )
        answers = [json.loads(line) for line in received.read_text().splitlines()]
        answers.sort(key=lambda answer: int(answer["parameters"]["batch_index"]))
        assert [each["outputs"][0]["data"] for each in answers] == [
            [probability] for probability in scorer.infer(rows).tolist()
        ]


def single_requests(scorer: Scorer, matrix: Numbers) -> list[dict[str, Any]]:
    """One request per row, as MLServer's client reads them."""
    values = columns(scorer, matrix).items()
    return [
        {
            "inputs": [
                {
                    "name": name,
                    "shape": [1],
                    "datatype": "BYTES" if name in scorer.categories else "FP64",
                    "data": [None if column[row] != column[row] else column[row]],
                }
                for name, column in values
            ]
        }
        for row in range(len(matrix))
    ]
