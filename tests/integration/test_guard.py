"""What a hostile or a slow client can do to the API: over real connections, written by hand."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from home_credit.api.keys import KeyFile
from home_credit.api.rules import Work
from home_credit.examples import APPLICANT, BUNDLE
from support.guarded import Guarded, everything, guarded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEALTH = b"GET /health HTTP/1.1\r\nHost: api\r\n\r\n"
LAST = b"GET /health HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n"
BODY = json.dumps(BUNDLE).encode()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(
        tmp_path_factory.mktemp("api"),
        body_seconds=0.8,
        max_body_bytes=300_000,
        max_buffered_bytes=1_000_000,
        max_requests_per_minute=100_000,
    ) as running:
        yield running


def head(path: str, length: int | None, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: api", "Content-Type: application/json", *headers]
    lines += [f"Content-Length: {length}"] if length is not None else ["Transfer-Encoding: chunked"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


class TestConnections:
    """Heads, idle connections and their number."""

    def test_a_head_of_sixty_megabytes_is_cut_off(self, api: Guarded) -> None:
        with api.connect() as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: api\r\nX-Long: ")
            sent = 0
            try:
                while sent < 60_000_000:
                    sent += connection.send(b"x" * 65_536)
            except (ConnectionResetError, BrokenPipeError):
                pass
            assert sent < 10_000_000  # what the sockets themselves hold
        assert status(api.send(LAST)) == 200

    @pytest.mark.parametrize(
        "long",
        [
            b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: api\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost: api\r\nX: " + b"x" * 17_000 + b"\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost: api\r\n" + b"X: y\r\n" * 4_000 + b"\r\n",
            b"GET /health HTTP/1.1\r\nHost: api\r\n" + b"X: y\r\n" * 4_000,  # without an end
        ],
    )
    def test_a_head_that_is_too_long(self, api: Guarded, long: bytes) -> None:
        assert status(api.send(long)) == 431

    def test_a_head_within_the_limit(self, api: Guarded) -> None:
        for size in (10, 15_000):
            padded = LAST[:-2] + b"X: " + b"x" * size + b"\r\n\r\n"
            assert status(api.send(padded)) == 200

    def test_requests_sent_together_are_answered_in_order(self, api: Guarded) -> None:
        big = head("/predict", len(BODY)) + BODY
        answer = api.send(HEALTH + big + HEALTH + LAST)
        assert answer.count(b"HTTP/1.1 200") == 4
        assert answer.index(b"decision_id") < answer.rindex(b'"healthy"')

    def test_an_answer_without_a_body_waits_for_nothing(self, api: Guarded) -> None:
        without = HEALTH.replace(b"GET", b"HEAD")  # it gets the head of a refusal alone
        answer = api.send(without + HEALTH + LAST)
        assert [each[:3] for each in answer.split(b"HTTP/1.1 ")] == [b"", b"405", b"200", b"200"]
        assert answer.split(b"\r\n\r\n", 1)[1].startswith(b"HTTP/1.1 200")
        with api.connect() as connection:
            connection.sendall(without)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 405")

    def test_an_answer_arrives_in_one_piece(self, api: Guarded) -> None:
        with api.connect() as connection:
            connection.sendall(HEALTH)
            assert b'"healthy"' in connection.recv(65_536)

    @pytest.mark.parametrize("start", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: api\r\nX:"])
    def test_a_connection_without_a_request_is_closed(self, api: Guarded, start: bytes) -> None:
        with api.connect() as connection:
            connection.sendall(start)
            began = time.monotonic()
            answer = everything(connection)
            assert 0.4 < time.monotonic() - began < 5
        assert answer[9:12] == (b"408" if start else b"")

    @pytest.mark.parametrize("drip", [b"\r\n", b"G"])
    def test_dripping_keeps_no_connection_open(self, api: Guarded, drip: bytes) -> None:
        with api.connect() as connection:
            connection.sendall(HEALTH)
            began = time.monotonic()
            try:
                while time.monotonic() - began < 5:
                    connection.sendall(drip)
                    time.sleep(0.1)
            except (ConnectionResetError, BrokenPipeError):
                pass
            assert time.monotonic() - began < 4

    def test_idle_connections_in_number(self, tmp_path: Path) -> None:
        with guarded(tmp_path, connections=50) as api:
            idle = [api.connect() for _ in range(50)]
            time.sleep(0.2)
            refused = api.send(LAST)
            assert not refused or status(refused) == 503
            time.sleep(1.5)
            assert status(api.send(LAST)) == 200
            for connection in idle:
                assert everything(connection) == b""
                connection.close()

    def test_what_is_not_http(self, api: Guarded) -> None:
        for data in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
            b"GET\r\n\r\n",
            b"\x00" * 100,
            b"BREW / HTTP/1.1\r\n\r\n",
        ):
            assert status(api.send(data)) == 400
        assert status(api.send(LAST)) == 200


class TestBodies:
    """Sizes, times and the memory that bodies take."""

    @pytest.mark.parametrize(
        ("path", "largest"),
        [
            ("/predict", 300_000),
            (f"/applicants/{APPLICANT}/predict", 64_000),
            ("/decisions/1/review", 64_000),
        ],
    )
    def test_each_route_has_its_limit(self, api: Guarded, path: str, largest: int) -> None:
        announced = api.send(head(path, largest + 1, "Connection: close"))
        assert status(announced) == 413
        assert f"at most {largest} bytes".encode() in announced
        piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        streamed = head(path, None, "Connection: close") + piece * (largest // 0x10000 + 1) + b"0\r\n\r\n"
        assert status(api.send(streamed)) == 413

    @pytest.mark.parametrize("start", [b"", b"{", BODY[:1_000]])
    def test_a_body_that_does_not_end(self, api: Guarded, start: bytes) -> None:
        with api.connect() as connection:
            connection.sendall(head("/predict", len(BODY), "Connection: close") + start)
            began = time.monotonic()
            assert status(everything(connection)) == 408
            assert 0.5 < time.monotonic() - began < 5

    def test_unfinished_bodies_hold_no_more_than_their_share(self, api: Guarded) -> None:
        piece = b" " * 250_000
        connections = [api.connect() for _ in range(16)]
        for connection in connections:
            connection.sendall(head("/predict", 300_000, "Connection: close") + piece)
        answers = [everything(connection) for connection in connections]
        for connection in connections:
            connection.close()
        statuses = sorted(status(answer) for answer in answers)
        assert set(statuses) == {408, 503}
        assert statuses.count(408) <= 4
        assert b"retry-after: 1" in next(answer for answer in answers if status(answer) == 503)
        assert status(api.send(head("/predict", len(BODY), "Connection: close") + BODY)) == 200

    def test_a_client_that_leaves_holds_nothing(self, api: Guarded) -> None:
        for _ in range(40):
            with api.connect() as connection:
                connection.sendall(head("/predict", 300_000) + b" " * 200_000)
        time.sleep(0.3)
        assert status(api.send(head("/predict", len(BODY), "Connection: close") + BODY)) == 200

    def test_a_refused_body_is_not_read(self, tmp_path: Path) -> None:
        with guarded(tmp_path, api_key="k3y", max_buffered_bytes=1) as api:
            assert status(api.send(head("/predict", 8_000, "Connection: close"))) == 401


class TestOverload:
    """More requests than can be worked on."""

    def test_five_times_as_many_requests_are_refused_at_once(self, tmp_path: Path) -> None:
        with guarded(tmp_path, max_decisions_at_once=8, max_requests_per_minute=100_000) as api:
            api.scorer.may_answer.clear()
            url = f"http://127.0.0.1:{api.port}"
            with httpx.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(8) as pool:
                working = [pool.submit(client.post, "/predict", json=BUNDLE) for _ in range(8)]
                deadline = time.monotonic() + 30
                while api.app.state.places.taken[Work.DECISION] < 8:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                seconds = []
                for _ in range(40):
                    began = time.perf_counter()
                    refused = client.post("/predict", json=BUNDLE)
                    seconds.append(time.perf_counter() - began)
                    assert refused.status_code == 503
                    assert refused.headers["retry-after"] == "1"
                    assert refused.json()["type"].endswith("occupied")
                assert sorted(seconds)[len(seconds) // 2] < 0.05
                for path in ("/health", "/livez", "/metrics", "/model"):
                    assert client.get(path).status_code == 200
                api.scorer.may_answer.set()
                assert {answer.result().status_code for answer in working} == {200}
                assert client.post("/predict", json=BUNDLE).status_code == 200
                metrics = client.get("/metrics").text
            assert 'home_credit_requests_total{method="POST",route="/predict",status="503"} 40.0' in metrics

    def test_batches_are_counted_apart(self, tmp_path: Path) -> None:
        with guarded(tmp_path, max_batches_at_once=1) as api:
            api.scorer.may_answer.clear()
            with (
                httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=30) as client,
                ThreadPoolExecutor(2) as pool,
            ):
                batch = {"bundles": [BUNDLE]}
                working = pool.submit(client.post, "/predict/batch", json=batch)
                assert api.scorer.waiting.acquire(timeout=30)
                assert client.post("/predict/batch", json=batch).status_code == 503
                single = pool.submit(client.post, "/predict", json=BUNDLE)
                api.scorer.may_answer.set()
                assert working.result().status_code == single.result().status_code == 200

    def test_large_bodies_are_worked_on_one_after_the_other(self, tmp_path: Path) -> None:
        with guarded(tmp_path, max_body_bytes=1_500_000, max_batch_bytes=1_500_000) as api:
            api.scorer.may_answer.clear()
            body = json.dumps(BUNDLE).encode() + b" " * 1_000_000
            headers = {"Content-Type": "application/json"}
            with (
                httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=30) as client,
                ThreadPoolExecutor(2) as pool,
            ):
                batch = json.dumps({"bundles": [BUNDLE]}).encode() + b" " * 1_000_000
                working = pool.submit(client.post, "/predict/batch", content=batch, headers=headers)
                assert api.scorer.waiting.acquire(timeout=30)
                waiting = pool.submit(client.post, "/predict/batch", content=batch, headers=headers)
                assert not api.scorer.waiting.acquire(timeout=1)
                assert api.app.state.places.taken[Work.BATCH] == 2
                api.scorer.may_answer.set()
                assert working.result().status_code == waiting.result().status_code == 200
                assert client.post("/predict", content=body, headers=headers).status_code == 200
            assert not api.app.state.places.large.locked()


class TestKeys:
    """Scopes over HTTP."""

    def test_each_scope_opens_its_own_routes(self, tmp_path: Path) -> None:
        file = KeyFile(tmp_path / "keys.json")
        keys = {scope: file.add(scope, [scope]) for scope in ("score", "read", "review", "admin")}
        review = {"decision": "approved", "reason": "A guarantor signs"}
        requests: dict[tuple[str, str], tuple[dict[str, Any] | None, set[str]]] = {
            ("POST", "/predict"): ({**BUNDLE}, {"score"}),
            ("POST", f"/applicants/{APPLICANT}/predict"): (None, {"score"}),
            ("GET", f"/applicants/{APPLICANT}"): (None, {"read"}),
            ("GET", "/metrics"): (None, {"read"}),
            ("GET", "/docs"): (None, {"read"}),
            ("GET", "/v2/models/home-credit"): (None, {"read", "score"}),
            ("POST", "/decisions/none/review"): (review, {"review"}),
            ("GET", "/reviews/statistics"): (None, {"read"}),
            ("GET", "/nothing"): (None, set()),
        }
        with (
            guarded(tmp_path, api_keys_file=tmp_path / "keys.json") as api,
            httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client,
        ):
            for (method, path), (body, scopes) in requests.items():
                assert client.request(method, path, json=body).status_code == 401
                for scope, key in keys.items():
                    answer = client.request(method, path, json=body, headers={"X-API-Key": key})
                    may = scope in scopes or scope == "admin"
                    assert (answer.status_code not in {401, 403}) == may, (method, path, scope)
                    if not may:
                        assert answer.status_code == 403
            client.headers["X-API-Key"] = keys["score"]
            assert client.post("/predict", json=BUNDLE).status_code == 200
            file.revoke("score")
            time.sleep(1.1)
            assert client.post("/predict", json=BUNDLE).status_code == 401

    def test_the_reviewer_is_the_holder_of_the_key(self, tmp_path: Path) -> None:
        file = KeyFile(tmp_path / "keys.json")
        scopes = {
            "A. Martin": ["review"],
            "B. Petit": ["review"],
            "dashboard": ["score", "read", "review", "act-for"],
        }
        keys = {name: {"X-API-Key": file.add(name, granted)} for name, granted in scopes.items()}
        settings: dict[str, Any] = {"api_keys_file": tmp_path / "keys.json", "second_reader": True}
        with (
            guarded(tmp_path, **settings) as api,
            httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client,
        ):
            taken = client.post("/predict", json=BUNDLE, headers=keys["dashboard"]).json()
            path = f"/decisions/{taken['decision_id']}/review"
            other = "approved" if taken["decision"] == "declined" else "declined"
            override = {"decision": other, "reason_code": "data_error", "reason": "The income was wrong"}

            def review(name: str, body: dict[str, str], **headers: str) -> httpx.Response:
                return client.post(path, json=body, headers={**keys[name], **headers})

            assert review("A. Martin", override, **{"X-Reviewer": "C. Roux"}).status_code == 403
            # Clients of version 1.0 send a name, which is nobody's word for who reviews.
            first = review("A. Martin", {**override, "reviewer": "C. Roux"})
            assert (first.status_code, first.json()["reviewer"]) == (201, "A. Martin")
            assert (first.json()["override"], first.json()["state"]) == (True, "second")
            assert review("A. Martin", override).status_code == 409
            assert review("dashboard", override, **{"X-Reviewer": "a.%20martin"}).status_code == 409
            second = review("dashboard", override, **{"X-Reviewer": "Ir%C3%A8ne"}).json()
            assert (second["reviewer"], second["forwarded_by"], second["state"]) == (
                "Irène",
                "dashboard",
                "reviewed",
            )
            assert review("B. Petit", override).status_code == 409
            statistics = client.get("/reviews/statistics", headers=keys["dashboard"]).json()
            assert [statistics[name] for name in ("reviews", "overrides", "reviewers", "open", "second")] == [
                2, 2, 2, 0, 0,
            ]  # fmt: skip

    def test_a_browser_may_send_the_key_as_a_password_for_the_documentation_alone(
        self, tmp_path: Path
    ) -> None:
        with (
            guarded(tmp_path, api_key="k3y") as api,
            httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client,
        ):
            assert client.get("/docs").headers["www-authenticate"].startswith("Basic")
            for path in ("/docs", "/openapi.json", "/docs/swagger-ui.css"):
                assert client.get(path, auth=("", "k3y")).status_code == 200
                assert client.get(path, auth=("", "wrong")).status_code == 401
            assert client.get("/model", auth=("", "k3y")).status_code == 401
            assert (
                client.get("/docs", headers={b"Authorization": "Basic é".encode("latin-1")}).status_code
                == 401
            )
