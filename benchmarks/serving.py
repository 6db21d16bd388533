"""Requests a second of the API beside general model servers, on one core, with one worker each.

    python benchmarks/serving.py [--tables DIR] [--seconds 5] [--rounds 3]     the sides in turn
    python benchmarks/serving.py --overload [--seconds 10]                     five times the capacity
    python benchmarks/serving.py --tenth [--seconds 10]                        a tenth of a core (root, cgroup version 1)
    python benchmarks/serving.py --memory [--seconds 10]                       64 connections

Ours decides with everything included: key, checks, features, score, reasons, durable record. The model servers get
vectors that are ready and predict only, with the same booster. All servers run on one core, the load generator on
another; servers that are not measured are stopped. The sides take turns, in reverse order in every other round.
CPU time and memory are those of all processes of a server. Each side's answers are compared with the booster's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
from servers import ours
from servers.load import Answers, closed_loop, open_loop, quantile, request
from servers.peers import PACKAGES, REFERENCES, Side, differs, sides
from servers.processes import Server, limited, start

from home_credit.default_risk import artifacts

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.ports import free_port

CONNECTIONS = (1, 8, 32)
START_SECONDS = 120
REFUSALS = (429, 503)
CLIENT_CORE, SERVER_CORE = 0, 1


@dataclass(slots=True)
class Figures:
    """What the rounds of one side at one number of connections gave."""

    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ours.add_arguments(parser)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--sides", nargs="+", default=[], help="some of the sides")
    modes = parser.add_mutually_exclusive_group()
    for name in ("overload", "tenth", "memory"):
        modes.add_argument(f"--{name}", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as folder:
        python = arguments.python or ours.interpreter(arguments.environments)
        data = ours.prepare(Path(folder), arguments.tables, python)
        if arguments.overload:
            overload(data, arguments.seconds)
        elif arguments.tenth:
            tenth_of_a_core(data, arguments.seconds)
        elif arguments.memory:
            memory(data, arguments.seconds)
        else:
            compare(data, arguments)


def compare(data: ours.Data, arguments: argparse.Namespace) -> None:
    """Measure all sides and print the tables."""
    artifacts.load(ours.ROOT / "models").booster.save_model(data.folder / "model.bst")
    ports = {name: free_port() for name in ("known applicant", *PACKAGES, *REFERENCES)}
    measured = sides(data, arguments.environments, ports, arguments.sides)
    figures: dict[tuple[str, int], Figures] = defaultdict(Figures)
    peaks: dict[str, float] = {}
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for side in measured:
            owner = side.shares or side.name
            if owner not in servers:
                servers[owner] = _started(side, ports[owner], data.folder)
                stack.callback(servers[owner].stop)
            servers[owner].resume()
            _check(side, servers[owner], data)
            servers[owner].pause()
        for connections in arguments.connections:
            for number in range(arguments.rounds):
                for side in measured if number % 2 == 0 else reversed(measured):
                    server = servers[side.shares or side.name]
                    server.resume()
                    _measure(side, server, connections, arguments.seconds, figures[side.name, connections])
                    peaks[side.name] = server.peak_mib()
                    server.pause()
    for connections in arguments.connections:
        _print(
            measured, {side.name: figures[side.name, connections] for side in measured}, connections, peaks
        )
    print(_versions(arguments.environments, data.python, measured))


def _started(side: Side, port: int, folder: Path) -> Server:
    print(f"starting {side.name}", file=sys.stderr)
    server = start(
        side.name,
        side.command,
        port,
        folder / f"{port}.log",
        core=SERVER_CORE,
        environment={"MODEL_FILE": str(folder / "model.bst"), **side.environment},
        folder=ours.ROOT if side.kind == "ours" else folder,
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.running:
        if asyncio.run(closed_loop(port, side.requests[:1], 1, 0.0)).statuses[200]:
            return server
        time.sleep(0.2)
    server.stop()
    sys.exit(f"{side.name} did not answer:\n{server.end_of_log()}")


def _check(side: Side, server: Server, data: ours.Data) -> None:
    answers = asyncio.run(closed_loop(server.port, side.requests[:1], 1, 0.0))
    if not answers.statuses[200]:
        sys.exit(f"{side.name} answers {dict(answers.statuses)}: {answers.last[:300]!r}")
    expected = data.probabilities[:1]
    if side.kind != "ours":
        booster = artifacts.load(ours.ROOT / "models").booster
        expected = booster.predict(data.vectors[:1])
    if differs(side, answers.last, expected):
        sys.exit(f"{side.name} gives another probability than {expected}: {answers.last[:300]!r}")


def _measure(side: Side, server: Server, connections: int, seconds: float, into: Figures) -> None:
    asyncio.run(closed_loop(server.port, side.requests, connections, min(1.0, seconds / 5)))
    before = server.cpu_seconds()
    answers = asyncio.run(closed_loop(server.port, side.requests, connections, seconds))
    good = answers.of(200)
    into.statuses += answers.statuses
    into.rates.append(len(good) / answers.seconds)
    into.latencies += good
    into.cpu.append((server.cpu_seconds() - before) / max(1, len(good)))
    rate = f"{into.rates[-1]:.0f} a second"
    print(f"{side.name}, {connections} connections: {rate} {dict(answers.statuses)}", file=sys.stderr)


def _print(
    measured: list[Side], figures: dict[str, Figures], connections: int, peaks: dict[str, float]
) -> None:
    rates = {side.name: median(figures[side.name].rates) for side in measured}
    peers = [side.name for side in measured if side.kind == "peer"]
    best = max(peers, key=rates.__getitem__) if peers else None
    title = f"over {best}" if best else ""
    print(
        f"| {connections} connections | requests/s | p50 ms | p99 ms | CPU ms a request | peak MiB | {title} |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for side in measured:
        found = figures[side.name]
        ratio = f"{rates[side.name] / rates[best]:.2f}" if best else ""
        times = f"{quantile(found.latencies, 0.5):.2f} | {quantile(found.latencies, 0.99):.2f}"
        cpu = f"{1e3 * median(found.cpu):.3f} | {peaks[side.name]:.0f}"
        print(f"| {side.name} | {rates[side.name]:,.0f} | {times} | {cpu} | {ratio} |")
        if failed := {status: count for status, count in found.statuses.items() if status != httpx.codes.OK}:
            print(f"| *{side.name}: other answers {failed}* |" + " |" * 6)
    print()


def _versions(environments: Path, python: Path, measured: list[Side]) -> str:
    code = (
        "import importlib.metadata as m, sys; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"
    )

    def found(python: Path, *names: str) -> str:
        command: list[str | Path] = [python, "-c", code, *names]
        return subprocess.check_output(command, text=True).strip()

    lines = [f"Python {platform.python_version()}", found(python, "fastapi", "uvicorn", "lightgbm", "numpy")]
    for side in measured:
        if side.kind == "peer":
            names = [package.partition("==")[0] for package in PACKAGES[side.name]]
            lines.append(found(environments / side.name.lower() / "bin/python", *names, "numpy"))
    return "; ".join(lines)


def overload(data: ours.Data, seconds: float) -> None:
    """Send five times as many requests as are answered, and end the server while they come."""
    for name, requests in (("known applicant", data.known()), ("raw bundle", data.raw())):
        server = ours.start_api(data, free_port(), core=SERVER_CORE)
        try:
            asyncio.run(closed_loop(server.port, requests, 32, 1))
            capacity = asyncio.run(closed_loop(server.port, requests, 32, min(seconds, 5)))
            rate = len(capacity.of(200)) / capacity.seconds
            found = asyncio.run(open_loop(server.port, requests, 5 * rate, seconds, 4_000))
            _report_overload(name, rate, found)
            ending = asyncio.run(_end_under_load(server, requests))
            print(f"| | | SIGTERM under load: ended after {ending:.1f} s | | | | | |")
        finally:
            server.stop()


async def _end_under_load(server: Server, requests: list[bytes]) -> float:
    load = asyncio.create_task(closed_loop(server.port, requests, 32, 3))
    await asyncio.sleep(1)
    took = await asyncio.to_thread(server.stop)
    await load
    return took


def _report_overload(name: str, rate: float, found: Answers) -> None:
    accepted, refused = found.of(200), found.of(*REFUSALS)
    print("| side | capacity | answers | accepted p50 ms | p99 | refused p50 | p99 | sent late p99 |")
    print("|---|---:|---|---:|---:|---:|---:|---:|")
    times = " | ".join(
        f"{quantile(each, share):.0f}" for each in (accepted, refused) for share in (0.5, 0.99)
    )
    print(
        f"| {name} | {rate:.0f} | {dict(sorted(found.statuses.items()))} | {times} | {quantile(found.late, 0.99):.0f} |"
    )


def tenth_of_a_core(data: ours.Data, seconds: float) -> None:
    """Measure single decisions and the health check on a tenth of a core."""
    health = [request("GET", "/health")]
    server = ours.start_api(data, free_port(), core=SERVER_CORE)
    try:
        asyncio.run(closed_loop(server.port, [*data.known()[:50], *data.raw()[:50]], 4, 2))
        with limited(server, 0.1):
            for name, requests in (("known applicant", data.known()), ("raw bundle", data.raw())):
                alone = asyncio.run(_spaced(server.port, requests, seconds, 0.5))
                checked, load = asyncio.run(_health_under_load(server.port, requests, health, seconds))
                answers = dict(sorted(load.statuses.items()))
                times = " / ".join(f"{quantile(alone.of(200), share):.0f}" for share in (0.5, 0.99, 1))
                print(
                    f"{name}: one decision p50 / p99 / max {times} ms ({alone.statuses[200]} of them);",
                    end=" ",
                )
                times = " / ".join(f"{quantile(checked.of(200), share):.0f}" for share in (0.5, 0.99, 1))
                print(f"/health while 32 decide {times} ms ({dict(checked.statuses)}); decisions {answers}")
    finally:
        server.stop()


async def _spaced(port: int, requests: list[bytes], seconds: float, pause: float) -> Answers:
    """Send one request after another with pauses, over one connection each."""
    found, began = Answers(), time.perf_counter()
    for each in requests:
        answer = await closed_loop(port, [each], 1, 0.0)
        for status, times in answer.latencies.items():
            found.add(status, times[0])
        if time.perf_counter() - began > seconds:
            break
        await asyncio.sleep(pause)
    return found


async def _health_under_load(
    port: int, requests: list[bytes], health: list[bytes], seconds: float
) -> tuple[Answers, Answers]:
    load = asyncio.create_task(closed_loop(port, requests, 32, seconds))
    await asyncio.sleep(0.5)
    checked = await _spaced(port, health * int(20 * seconds), seconds - 1, 0.05)
    return checked, await load


def memory(data: ours.Data, seconds: float) -> None:
    """Print the peak memory under 64 connections."""
    server = ours.start_api(data, free_port(), core=SERVER_CORE)
    try:
        print(f"healthy: {server.peak_mib():.0f} MiB, {server.cpu_seconds():.2f} CPU seconds")
        for name, requests in (
            ("known applicants", data.known()),
            ("raw bundles", data.raw()),
            ("infer", data.infer(binary=True)),
        ):
            found = asyncio.run(closed_loop(server.port, requests, 64, seconds))
            print(f"64 connections, {name}: {server.peak_mib():.0f} MiB, answers {dict(found.statuses)}")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
