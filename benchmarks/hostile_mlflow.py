"""What hostile bodies and slow clients cost the MLflow image's process: answers, time and peak memory, each against a limit.

    make images
    python benchmarks/hostile_mlflow.py [--rows NAME ...]

Needs root, buildah, the image and cgroups of version 1. Every row starts the service anew, in the file system of its image, with
512 MB. After each row it must be healthy, answer /health within two seconds, and end within ten seconds of SIGTERM.
Exits with 1 where a row misses a limit. An answer of MLflow's own to a request that it cannot make sense of is no miss.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
from servers import rows
from servers.containers import Service, Share, group, mounted, running
from servers.load import UNANSWERED, request
from servers.raw import Reply, exchange, hold, trickle
from servers.rows import Outcome

from home_credit.tracking.read_only_proxy import LARGEST_BODY

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.ports import free_port

MIB = 350
SHARE = Share(cores=2, memory_bytes=512_000_000)
START_SECONDS, HEALTH_SECONDS, STOP_SECONDS = 120, 2.0, 10.0
PATIENCE = 60.0  # seconds that a client waits
LARGE = 95_000_000
API = "/ajax-api/2.0/mlflow"
SEARCH = f"{API}/runs/search"
TOO_LARGE, TOO_LATE = 413, 408


Row = Callable[[int], Coroutine[Any, Any, Outcome]]


def main() -> int:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", choices=[*ROWS], default=[*ROWS], metavar="NAME")
    arguments = parser.parse_args()
    rows.start_table()
    with tempfile.TemporaryDirectory() as folder:
        held = [run(name, Path(folder)) for name in arguments.rows]
    return rows.end_table(held)


def run(name: str, folder: Path) -> bool:
    """Run one row on a service of its own, print its line, and return whether all limits held."""
    port, missed = free_port(), []
    service = Service("mlflow", port, folder / "mlflow.log")
    settings = {"HOST": "127.0.0.1", "PORT": str(port)}
    with (
        mounted("localhost/home-credit-mlflow") as image,
        group("home-credit-hostile", SHARE) as limits,
        running(service, image, limits, settings) as server,
    ):
        _wait(port)
        began, before = time.monotonic(), server.cpu_seconds()
        outcome = asyncio.run(ROWS[name](port))
        wall, peak = time.monotonic() - began, server.peak_mib()
        cpu = server.cpu_seconds() - before
        if outcome.wrong:
            missed.append(outcome.wrong)
        if peak > MIB:
            missed.append(f"more than {MIB} MiB")
        if not server.running:
            missed.append("the server ended")
        else:
            health = asyncio.run(exchange(port, _get("/health"), PATIENCE))
            if health.status != httpx.codes.OK or health.seconds > HEALTH_SECONDS:
                missed.append(f"/health answers {health.status} after {health.seconds:.1f} s")
        if (stopped := server.stop()) > STOP_SECONDS:
            missed.append(f"ends {stopped:.0f} s after SIGTERM")
    return rows.row(name, outcome, wall=wall, cpu=cpu, peak=peak, missed=missed)


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    sys.exit("MLflow did not start")


def _get(path: str) -> bytes:
    return request("GET", path, headers={"Connection": "close"})


def _post(path: str, body: bytes) -> bytes:
    return request("POST", path, body, {"Connection": "close"})


async def _at_once(
    port: int, contents: list[bytes], *, allowed: frozenset[int] | None = None, seconds: float = 20.0
) -> Outcome:
    """Send requests at the same time; each must be answered within ``seconds``, with one of the statuses."""
    replies: list[Reply] = await asyncio.gather(*(exchange(port, each, PATIENCE) for each in contents))
    statuses = dict.fromkeys(reply.status for reply in replies)
    wrong = [f"{status or 'no'} answer" for status in statuses if status not in (allowed or statuses)]
    wrong += ["no answer"] if allowed is None and UNANSWERED in statuses else []
    slow = max(reply.seconds for reply in replies)
    wrong += [f"an answer after {slow:.1f} s"] if slow > seconds else []
    return Outcome(rows.statuses(replies), wrong[0] if wrong else "")


def _filled(start: str, element: str, end: str, between: str = ",") -> bytes:
    """Return a text of just less than the largest body that the proxy passes on."""
    number = (LARGEST_BODY - len(start) - len(end)) // (len(element) + len(between))
    return (start + between.join([element] * number) + end).encode()


# The connection may be closed with the refusal while the body is still on its way.
REFUSED = frozenset({TOO_LARGE, UNANSWERED})


async def large_search(port: int) -> Outcome:
    return await _at_once(port, [_post(SEARCH, bytes(LARGE))], allowed=REFUSED)


async def large_searches(port: int) -> Outcome:
    paths = [SEARCH, f"{API}/experiments/search", "/graphql", f"{API}/traces/search"] * 2
    return await _at_once(port, [_post(path, bytes(LARGE)) for path in paths], allowed=REFUSED)


async def chunked(port: int) -> Outcome:
    """No length is stated, and chunks come without an end."""
    head = request("POST", SEARCH, headers={"Transfer-Encoding": "chunked"}).replace(
        b"Content-Length: 0\r\n", b""
    )
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    return await _at_once(port, [head + chunk * (LARGE // 65_536)] * 4, allowed=REFUSED)


async def parameters(port: int) -> Outcome:
    """As many parameters as the body, or the address, takes."""
    bodies = [
        _filled('{"experiment_ids":[', '"1"', "]}"),
        _filled('{"experiment_ids":["1"],"order_by":[', '"metrics.a"', "]}"),
        _filled('{"experiment_ids":["1"],"filter":"', "metrics.a > 1", '"}', " and "),
    ]
    address = _get(f"{API}/runs/get?" + "&".join(f"run_id={number}" for number in range(5_000)))
    return await _at_once(port, [*(_post(SEARCH, body) for body in bodies * 5), address], seconds=PATIENCE)


async def deep(port: int) -> Outcome:
    """JSON and GraphQL documents as deep as they can be."""
    objects = b'{"a":' * 16_000 + b"1" + b"}" * 16_000
    lists = b"[" * 49_000 + b"]" * 49_000
    paths = (SEARCH, f"{API}/experiments/search", f"{API}/logged-models/search", "/graphql")
    posts = [_post(path, body) for path in paths for body in (objects, lists)]
    nested = json.dumps({"query": "{a" * 30_000 + "}" * 30_000}).encode()
    return await _at_once(port, [*posts, _post("/graphql", nested)])


async def aliases(port: int) -> Outcome:
    """Thousands of fields in one GraphQL query."""
    fields = " ".join(f'a{number}:test(inputString:"a"){{output}}' for number in range(2_500))
    body = json.dumps({"query": f"{{{fields}}}"}).encode()
    return await _at_once(port, [_post("/graphql", body)] * 4, seconds=PATIENCE)


async def many_results(port: int) -> Outcome:
    """64 connections, each with the largest page of runs."""
    body = b'{"experiment_ids":["0","1","2"],"max_results":50000}'
    return await _at_once(port, [_post(SEARCH, body)] * 64, seconds=PATIENCE)


async def pages(port: int) -> Outcome:
    """64 connections that read the page and what it is made of."""
    read = [_get(path) for path in ("/", "/version", "/health")]
    search = _post(f"{API}/experiments/search", b'{"max_results":1000}')
    contents = [*read, search] * 16
    return await _at_once(port, contents, seconds=PATIENCE)


async def unfinished(port: int) -> Outcome:
    start = _post(SEARCH, bytes(LARGEST_BODY))[:-1_000]
    return rows.ended(await asyncio.gather(*(hold(port, start, PATIENCE) for _ in range(64))), PATIENCE)


async def trickled(port: int) -> Outcome:
    """One byte of a body a second."""
    start = _post(SEARCH, bytes(LARGEST_BODY))[:400]
    return rows.ended(await asyncio.gather(*(trickle(port, start, PATIENCE) for _ in range(64))), PATIENCE)


async def idle(port: int) -> Outcome:
    """900 connections that send nothing; somebody else is served meanwhile."""
    waiting = [asyncio.create_task(hold(port, b"", PATIENCE)) for _ in range(900)]
    await asyncio.sleep(1)
    health = await exchange(port, _get("/health"), PATIENCE)
    outcome = rows.ended(await asyncio.gather(*waiting), PATIENCE)
    if health.status != httpx.codes.OK or health.seconds > HEALTH_SECONDS:
        return Outcome(
            outcome.text, f"/health answers {health.status} after {health.seconds:.1f} s meanwhile"
        )
    return outcome


async def long_heads(port: int) -> Outcome:
    contents = [
        request("GET", "/health", headers={"X-Long": "x" * 60_000_000}),
        request("GET", "/health", headers={f"X-{number}": "x" for number in range(200_000)}),
        request("GET", "/" + "x" * 10_000_000),
    ]
    return await _at_once(port, contents, allowed=frozenset({400, 414, 431, UNANSWERED}))


ROWS: dict[str, Row] = {
    "large-search": large_search,
    "large-searches-8": large_searches,
    "chunked-4": chunked,
    "parameters-16": parameters,
    "deep": deep,
    "aliases-4": aliases,
    "many-results-64": many_results,
    "pages-64": pages,
    "unfinished-64": unfinished,
    "trickled-64": trickled,
    "idle-900": idle,
    "long-heads": long_heads,
}


if __name__ == "__main__":
    sys.exit(main())
