"""The Open Inference Protocol: its messages, and the hostile ones."""

from __future__ import annotations

import gzip
import json
import struct
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.api.app import create_app
from home_credit.api.inference import messages
from home_credit.api.inference.tensors import NUMBERS
from home_credit.api.inference.vectors import MAX_ROWS, VectorReader
from home_credit.config import Settings
from home_credit.errors import BundleError
from home_credit.ledger.store import Ledger
from support.fakes import FakeApplicantStore, FakeScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

MODEL = "/v2/models/home-credit"
HEADER = "Inference-Header-Content-Length"
SCORE = {"name": "EXT_SOURCE_2", "shape": [1], "datatype": "FP64", "data": [0.5]}
KIND = {"name": "NAME_CONTRACT_TYPE", "shape": [1], "datatype": "BYTES", "data": ["Cash loans"]}
MATRIX = {"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [0.5, 1]}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    opened: list[TestClient] = []

    def build(**given: Any) -> TestClient:
        parts: dict[str, Any] = {"scorer": FakeScorer(), "applicants": FakeApplicantStore({})}
        app = create_app(Settings(**given), ledger=ledger, **parts)
        opened.append(TestClient(app, raise_server_exceptions=False).__enter__())
        return opened[-1]

    yield build
    for each in opened:
        each.__exit__(None, None, None)
    assert ledger.verify() == 0, "nothing is recorded"
    ledger.close()


@pytest.fixture
def api(make: Callable[..., TestClient]) -> TestClient:
    return make()


def infer(api: TestClient, *inputs: dict[str, Any], **others: Any) -> httpx.Response:
    answer: httpx.Response = api.post(f"{MODEL}/infer", json={"inputs": list(inputs), **others})
    return answer


def binary(request: dict[str, Any], *buffers: bytes, length: object = None) -> tuple[bytes, dict[str, str]]:
    header = json.dumps(request).encode()
    return b"".join((header, *buffers)), {HEADER: str(len(header) if length is None else length)}


def sized(tensor: dict[str, Any], size: int) -> dict[str, Any]:
    return {key: value for key, value in tensor.items() if key != "data"} | {
        "parameters": {"binary_data_size": size}
    }


def error(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert list(document) == ["error"]
    text: str = document["error"]
    assert len(text) < 300
    return text


def test_metadata(api: TestClient) -> None:
    server = api.get("/v2").json()
    assert (server["name"], server["extensions"]) == ("home-credit-scoring", ["binary_tensor_data"])
    assert api.get("/v2/health/live").json() == {"live": True}
    for path in ("/v2/health/ready", f"{MODEL}/ready", f"{MODEL}/versions/test-1/ready"):
        assert api.get(path).json() == {"ready": True}
    for path in (MODEL, f"{MODEL}/versions/test-1"):
        assert api.get(path).json() == {
            "name": "home-credit",
            "versions": ["test-1"],
            "platform": "lightgbm",
            "inputs": [
                {"name": "EXT_SOURCE_2", "datatype": "FP64", "shape": [-1]},
                {
                    "name": "NAME_CONTRACT_TYPE",
                    "datatype": "BYTES",
                    "shape": [-1],
                    "parameters": {"content_type": "str", "categories": ["Cash loans", "Revolving loans"]},
                },
            ],
            "outputs": [{"name": "probability_of_default", "datatype": "FP64", "shape": [-1]}],
        }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/other", 404),
        ("POST", "/v2/models/other/infer", 404),
        ("GET", f"{MODEL}/versions/9", 404),
        ("GET", f"{MODEL}/versions/9/ready", 404),
        ("POST", f"{MODEL}/versions/9/infer", 404),
        ("GET", f"{MODEL}/infer", 405),
        ("POST", f"{MODEL}/infer", 400),
    ],
)
def test_errors_have_the_form_of_the_protocol(api: TestClient, method: str, path: str, status: int) -> None:
    error(api.request(method, path), status)


def test_refusals_have_the_form_of_the_protocol(make: Callable[..., TestClient]) -> None:
    refused = make(api_key="k3y").post(f"{MODEL}/infer", json={"inputs": [MATRIX]})
    error(refused, 401)
    assert refused.headers["WWW-Authenticate"]
    error(infer(make(max_body_bytes=100), *[MATRIX] * 9), 413)
    api = make(max_requests_per_minute=1)
    api.get("/v2")
    refused = api.get("/v2")
    error(refused, 429)
    assert refused.headers["Retry-After"]
    assert api.get("/model").headers["content-type"] == "application/problem+json"


def test_without_a_model(tmp_path: Path) -> None:
    given = Settings(HOME_CREDIT_MODELS=tmp_path, database_url=f"sqlite:///{tmp_path}/l.db")
    with TestClient(create_app(given)) as api:
        assert api.get("/v2/health/live").status_code == 200
        for path in ("/v2/health/ready", f"{MODEL}/ready", f"{MODEL}/versions/1/ready"):
            assert api.get(path).status_code == 503
            assert api.get(path).json() == {"ready": False}
        error(infer(api, MATRIX), 503)
        error(api.get(MODEL), 503)


def test_a_fault_is_no_problem_document(make: Callable[..., TestClient]) -> None:
    api = make()

    def broken(_matrix: object) -> None:
        raise RuntimeError("/secret/path")

    api.app.state.service.scorer().infer = broken  # type: ignore[attr-defined]
    assert "secret" not in error(infer(api, MATRIX), 500)


@pytest.mark.parametrize("data", [[0.25, None, None, 1], [[0.25, None], [None, 1]]])
def test_one_tensor_of_all_features(api: TestClient, data: list[Any]) -> None:
    tensor = {"name": "input", "shape": [2, 2], "datatype": "FP64", "data": data}
    answer = infer(api, tensor, id="7", parameters={"content_type": "np"})
    assert answer.json() == {
        "model_name": "home-credit",
        "model_version": "test-1",
        "id": "7",
        "outputs": [
            {"name": "probability_of_default", "shape": [2], "datatype": "FP64", "data": [0.75, 1.0]}
        ],
    }


def test_one_tensor_per_feature(api: TestClient) -> None:
    score = SCORE | {"shape": [2, 1], "datatype": "FP32", "data": [[0.5], [1]]}
    kind = KIND | {"shape": [2], "data": ["Cash loans", None]}
    outputs = [{"name": "probability_of_default"}]
    answer = infer(api, kind, score, outputs=outputs).json()
    assert answer["outputs"][0]["data"] == [0.5, 0.0]
    assert "parameters" not in answer
    unknown = infer(api, KIND | {"data": ["x" * 1_000]}, SCORE).json()
    assert unknown["parameters"]["warnings"] == [
        f"NAME_CONTRACT_TYPE: {'x' * 60!r} was never seen in training; taken as missing"
    ]


def test_any_content_type_and_none(api: TestClient) -> None:
    body = json.dumps({"inputs": [MATRIX]}).encode()
    for headers in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
        assert api.post(f"{MODEL}/infer", content=body, headers=headers).status_code == 200


class TestBinaryTensors:
    def test_sent_and_requested(self, api: TestClient) -> None:
        scores = sized(SCORE, 8) | {"shape": [2], "datatype": "FP32"}
        kinds = sized(KIND, 18) | {"shape": [2, 1]}
        body, headers = binary(
            {"inputs": [scores, kinds], "parameters": {"binary_data_output": True}},
            struct.pack("<2f", 0.5, float("nan")),
            struct.pack("<I10sI", 10, b"Cash loans", 0),
        )
        answer = api.post(f"{MODEL}/infer", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        length = int(answer.headers[HEADER])
        (output,) = json.loads(answer.content[:length])["outputs"]
        assert output == {
            "name": "probability_of_default",
            "datatype": "FP64",
            "shape": [2],
            "parameters": {"binary_data_size": 16},
        }
        assert np.frombuffer(answer.content[length:]).tolist() == [0.5, 1.0]

    @pytest.mark.parametrize(
        ("datatype", "format_"),
        list(zip(NUMBERS, "dfeqihbQIHB?", strict=True)),
    )
    def test_every_numeric_type(self, api: TestClient, datatype: str, format_: str) -> None:
        data = struct.pack(f"<4{format_}", 1, 0, 0, 1)
        tensor = sized(MATRIX, len(data)) | {"datatype": datatype, "shape": [2, 2]}
        body, headers = binary({"inputs": [tensor]}, data)
        answer = api.post(f"{MODEL}/infer", content=body, headers=headers)
        assert answer.json()["outputs"][0]["data"] == [0.0, 1.0]
        flat = [True, False, False, True] if datatype == "BOOL" else [1, 0, 0, 1]
        assert (
            infer(api, MATRIX | {"datatype": datatype, "shape": [2, 2], "data": flat}).json() == answer.json()
        )

    @pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
    def test_compressed(self, api: TestClient, encoding: str, compress: Callable[[bytes], bytes]) -> None:
        body, headers = binary({"inputs": [sized(MATRIX, 16)]}, struct.pack("<2d", 0.25, 0))

        def send(content: bytes) -> httpx.Response:
            sent: httpx.Response = api.post(
                f"{MODEL}/infer", content=content, headers={**headers, "Content-Encoding": encoding}
            )
            return sent

        assert send(compress(body)).json()["outputs"][0]["data"] == [0.75]
        for broken in (body, compress(body)[:-5], compress(body) + b"more", b""):
            error(send(broken), 400)
        bomb = compress(bytes(200_000_000))
        tracemalloc.start()
        error(send(bomb), 413)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40_000_000
        headers["Content-Encoding"] = "br"
        error(api.post(f"{MODEL}/infer", content=body, headers=headers), 415)

    @pytest.mark.parametrize(
        ("request_", "length"),
        [
            ({"inputs": [sized(MATRIX, 16)]}, None),
            ({"inputs": [sized(MATRIX, 8)]}, None),
            ({"inputs": [sized(MATRIX, 24)]}, None),
            ({"inputs": [sized(MATRIX, -16)]}, None),
            ({"inputs": [sized(MATRIX, 10**30)]}, None),
            ({"inputs": [sized(MATRIX, 16) | {"shape": [10**12, 2]}]}, None),
            ({"inputs": [sized(MATRIX, 16) | {"shape": [-1, -2]}]}, None),
            ({"inputs": [sized(MATRIX, 16) | {"shape": [2**63, 2]}]}, None),
            ({"inputs": [sized(MATRIX, 16) | {"data": [0, 0]}]}, None),
            ({"inputs": [sized(MATRIX, 16), sized(MATRIX, 16)]}, None),
            ({"inputs": [sized(MATRIX, 16) | {"parameters": {"shared_memory_region": "x"}}]}, None),
            ({"inputs": [sized(KIND, 16) | {"shape": [1]}, SCORE]}, None),
            ({"inputs": [sized(KIND, 16) | {"shape": [4]}, SCORE | {"shape": [4]}]}, None),
            *(
                ({"inputs": [sized(MATRIX, 16)]}, length)
                for length in ("", "-1", "0", "99999", "1e3", "9" * 5000, "+5", "x")
            ),
        ],
    )
    def test_sizes_that_do_not_fit(self, api: TestClient, request_: dict[str, Any], length: object) -> None:
        infinite = struct.pack("<2d", 0.5, float("inf"))
        body, headers = binary(request_, infinite, length=length)
        error(api.post(f"{MODEL}/infer", content=body, headers=headers), 400)

    def test_binary_data_without_the_header(self, api: TestClient) -> None:
        assert "bytes are left" in error(infer(api, sized(MATRIX, 16)), 400)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "no_such_feature" * 1000}, "inputs[1].name"),
        ({"name": "NAME_CONTRACT_TYPE"}, "inputs[1].name"),
        ({"shape": [2]}, "inputs[1].shape"),
        ({"shape": [1, 2]}, "inputs[1].shape"),
        ({"shape": []}, "inputs[1].shape"),
        ({"shape": [1, 1, 1]}, "inputs[1].shape"),
        ({"shape": [10**12, 1]}, "inputs[1].shape"),
        ({"shape": [0]}, "inputs[1].shape"),
        ({"shape": [1.5]}, "inputs[1].shape"),
        ({"data": [1.0, 2.0]}, "inputs[1].data"),
        ({"data": []}, "inputs[1].data"),
        ({"data": [[[1.0]]]}, "inputs[1].data"),
        ({"data": ["x"]}, "inputs[1].data"),
        ({"data": [10**400]}, "inputs[1].data"),
        ({"data": {"0": 1}}, "inputs[1].data"),
        ({"data": 5}, "inputs[1].data"),
        ({"datatype": "BYTES"}, "inputs[1].datatype"),
        ({"datatype": "FP128"}, "inputs[1].datatype"),
    ],
)
def test_tensors_that_do_not_fit(api: TestClient, change: dict[str, Any], field: str) -> None:
    assert field in error(infer(api, KIND, SCORE | change), 400)


@pytest.mark.parametrize(
    ("inputs", "others", "field"),
    [
        ([SCORE], {}, "NAME_CONTRACT_TYPE"),
        ([], {}, "inputs"),
        ([KIND, SCORE], {"outputs": [{"name": "score"}]}, "outputs[0].name"),
        ([KIND, SCORE], {"outputs": [{"name": "probability_of_default"}] * 2}, "outputs[1].name"),
        (
            [KIND, SCORE],
            {"outputs": [{"name": "probability_of_default", "parameters": {"classification": 1}}]},
            "outputs[0].parameters",
        ),
        ([MATRIX | {"shape": [1, 3], "data": [0, 0, 0]}], {}, "inputs[0].shape"),
        ([MATRIX | {"shape": [2, 1]}], {}, "inputs[0].shape"),
        ([MATRIX | {"shape": [2, 2], "data": [[0], [0, 0, 0]]}], {}, "inputs[0].data"),
        ([MATRIX | {"shape": [MAX_ROWS + 1, 2]}], {}, "rows"),
        ([MATRIX | {"data": [0.5, 2]}], {}, "inputs[0].data[0][1]"),
        ([MATRIX | {"data": [0.5, 0.5]}], {}, "inputs[0].data[0][1]"),
        ([MATRIX | {"data": [0.5, -1]}], {}, "inputs[0].data[0][1]"),
        ([KIND | {"data": [5]}, SCORE], {}, "inputs[0].data"),
        ([KIND | {"data": [["Cash loans", "Cash loans"]]}, SCORE], {}, "inputs[0].data"),
        ([KIND | {"data": [[[]]]}, SCORE], {}, "inputs[0].data"),
    ],
)
def test_requests_that_do_not_fit(
    api: TestClient, inputs: list[dict[str, Any]], others: dict[str, Any], field: str
) -> None:
    assert field in error(infer(api, *inputs, **others), 400)


@pytest.mark.parametrize(
    ("text", "again"), [('"shape"', '"shape": [9], "shape"'), ('{"inputs"', '{"inputs": [], "inputs"')]
)
def test_a_name_that_is_there_twice_is_refused(api: TestClient, text: str, again: str) -> None:
    body = json.dumps({"inputs": [KIND, SCORE]})
    assert api.post(f"{MODEL}/infer", content=body).status_code == 200
    assert "uplicate key" in error(api.post(f"{MODEL}/infer", content=body.replace(text, again)), 400)


def test_values_that_do_not_fill_the_shape_are_not_decoded(api: TestClient) -> None:
    body = b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":[' + b"0," * 2_500_000 + b"0]}]}"
    tracemalloc.start()
    assert "2500001 values" in error(api.post(f"{MODEL}/infer", content=body), 400)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * len(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"inputs":[NaN]}',
        b"[" * 100_000,
        b'{"inputs":' + b"[" * 100_000,
        b'{"x":' * 50_000,
        b'{"inputs":[{"name":"\xff"}]}',
    ],
)
def test_bodies_that_are_no_requests(api: TestClient, body: bytes) -> None:
    assert error(api.post(f"{MODEL}/infer", content=body), 400).startswith("body: ")


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(
        ["EXT_SOURCE_2", "NAME_CONTRACT_TYPE", "input", "FP64", "BYTES", "probability_of_default"]
    ),
    st.text(max_size=4),
)
KEYS = st.sampled_from(["inputs", "outputs", "name", "shape", "datatype", "data", "parameters", "id"])
ANY = st.recursive(
    VALUES, lambda each: st.lists(each, max_size=4) | st.dictionaries(KEYS, each, max_size=6), max_leaves=6
)
TENSOR = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["EXT_SOURCE_2", "NAME_CONTRACT_TYPE", "input"]) | ANY,
        "shape": st.lists(st.sampled_from([1, 2, 3, 0, -1, 2**40, 2**64]), min_size=1, max_size=3) | ANY,
        "datatype": st.sampled_from(["FP64", "FP32", "INT8", "BYTES", "BOOL"]) | ANY,
    },
    optional={
        "data": st.lists(VALUES, max_size=6) | ANY,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-4, 40) | ANY}) | ANY,
    },
)
REQUEST = st.fixed_dictionaries(
    {"inputs": st.lists(TENSOR, max_size=3) | ANY}, optional={"outputs": ANY, "parameters": ANY, "id": ANY}
)


class TestHostileBytes:
    reader = VectorReader(["EXT_SOURCE_2", "NAME_CONTRACT_TYPE"], {"NAME_CONTRACT_TYPE": ["Cash loans"]})

    def answered(self, body: bytes, length: str | None) -> bool:
        """Whether a body is a valid request; any error but :class:`BundleError` fails the test."""
        try:
            request, buffers = messages.read(body, length)
            matrix = self.reader.read(request.inputs, buffers).matrix
        except BundleError as error:
            refusal = str(error)
        else:
            refusal = ""
            assert matrix.shape[1] == 2
            assert not np.isinf(matrix).any()
            assert messages.write(request, "1", matrix[:, 0], ())[0]
        assert len(refusal) < 300
        return not refusal

    @settings(max_examples=400)
    @given(REQUEST, st.binary(max_size=48), st.none() | st.text(max_size=5) | st.just("length"))
    def test_requests(self, request: Any, rest: bytes, length: str | None) -> None:
        header = json.dumps(request).encode()
        self.answered(header + rest, str(len(header)) if length == "length" else length)

    @settings(max_examples=500)
    @given(st.binary(max_size=200), st.none() | st.integers(0, 200).map(str))
    def test_bytes(self, body: bytes, length: str | None) -> None:
        self.answered(body, length)

    @settings(max_examples=500)
    @given(st.data())
    def test_a_valid_request_with_bytes_changed(self, data: st.DataObject) -> None:
        score, kind = sized(SCORE, 8), sized(KIND, 14)
        body, headers = binary(
            {"inputs": [score, kind]}, struct.pack("<d", 0.5), struct.pack("<I10s", 10, b"Cash loans")
        )
        assert self.answered(body, headers[HEADER])
        changed = bytearray(body)
        for _ in range(data.draw(st.integers(1, 4))):
            changed[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        self.answered(bytes(changed), headers[HEADER])
