"""The three images as containers: size, CPU seconds until healthy, peak memory under a smoke test.

    make images
    python benchmarks/images.py [--base IMAGE] [--rounds 3]

Needs root, buildah and the images; the containers share this machine's network and listen on 127.0.0.1 alone.
*Size* is what an image holds less what its base holds. *CPU* is user and system time of all the service's processes
when its health check first answers. *Memory* is the sum of their peak resident sets (VmHWM) at the end of the smoke
test: every page of a service is requested, for the two with pages by a real Chromium. The least of the
rounds counts for CPU, the largest for memory. Exits with 1 where a figure is above its goal.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from playwright.sync_api import expect

from home_credit.dashboard.texts import texts
from home_credit.serve import HEALTH, Name

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.chromium import chromium  # the browser that the tests drive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVICES: tuple[Name, ...] = ("api", "dashboard", "mlflow")
PORTS: dict[Name, int] = {"api": 18000, "dashboard": 18501, "mlflow": 15000}
CPU_GOAL = {"api": 2, "dashboard": 4, "mlflow": 6}  # seconds
MEMORY_GOAL = {"api": 250, "dashboard": 300, "mlflow": 350}  # MiB
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 300


class Cost(NamedTuple):
    """CPU and memory of one start of a service."""

    wall_s: float
    cpu_s: float
    peak_mib: float = 0.0


def buildah(*arguments: str) -> str:
    return subprocess.run(
        ["buildah", *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def address(name: Name) -> str:
    return f"http://127.0.0.1:{PORTS[name]}"


def processes(parent: int) -> Iterator[Path]:
    """Yield the /proc folders of a process's descendants, buildah's own left out."""
    for task in Path("/proc").glob(f"{parent}/task/*"):
        for child in (task / "children").read_text().split():
            if "buildah" not in Path(f"/proc/{child}/cmdline").read_text():
                yield Path(f"/proc/{child}")
            yield from processes(int(child))


def cpu_seconds(parent: int) -> float:
    # After the name in brackets: utime, stime and those of ended children are fields 14 to 17 of proc(5).
    fields = [(process / "stat").read_text().rpartition(")")[2].split() for process in processes(parent)]
    return sum(int(ticks) for each in fields for ticks in each[11:15]) / TICKS


def peak_mib(parent: int) -> float:
    lines = [line for process in processes(parent) for line in (process / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def mebibytes(image: str) -> float:
    """Return the size of everything in an image."""
    container = buildah("from", "--pull-never", image)
    try:
        folder = buildah("mount", container)
        listed = subprocess.run(
            ["du", "--summarize", "--block-size=1", "--apparent-size", folder],
            check=True,
            capture_output=True,
            text=True,
        )
        return int(listed.stdout.split()[0]) / 2**20
    finally:
        buildah("rm", container)


@contextmanager
def container(name: Name) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service from its image, by the image's own command and user."""
    made = buildah("from", "--pull-never", f"localhost/home-credit-{name}")
    command = json.loads(buildah("inspect", made))["Docker"]["config"]["Cmd"]
    settings = {"HOST": "127.0.0.1", "PORT": str(PORTS[name])}
    if name == "dashboard":
        settings["API_URL"] = address("api")
    environment = [word for key, value in settings.items() for word in ("--env", f"{key}={value}")]
    running = subprocess.Popen(
        ["buildah", "run", "--isolation", "chroot", *environment, made, "--", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield running
    finally:
        for process in list(processes(running.pid)):
            os.kill(int(process.name), signal.SIGTERM)
        running.communicate()
        buildah("rm", made)


def wait(name: Name, running: subprocess.Popen[bytes]) -> Cost:
    began = time.monotonic()
    while time.monotonic() < began + START_SECONDS:
        if running.poll() is not None:
            sys.exit(f"{name} ended: {(running.stderr.read() if running.stderr else b'').decode()}")
        try:
            if httpx.get(address(name) + HEALTH[name], timeout=5).status_code == httpx.codes.OK:
                return Cost(time.monotonic() - began, cpu_seconds(running.pid))
        except httpx.TransportError:
            time.sleep(0.05)
    sys.exit(f"{name} did not answer within {START_SECONDS} s")


def smoke_api() -> None:
    with httpx.Client(base_url=address("api"), timeout=60) as http:

        def get(path: str) -> dict[str, Any]:
            return dict(http.get(path).raise_for_status().json())

        assert get("/health") == {"status": "healthy", "model_loaded": True, "version": "1.0.0"}
        get("/model")
        applicants = get("/applicants?limit=20")["applicants"]
        bundles = [get(f"/applicants/{applicant}")["bundle"] for applicant in applicants]
        for bundle in bundles:
            decision = http.post("/predict", json=bundle).raise_for_status().json()
        assert get(f"/decisions/{decision['decision_id']}/replay")["identical"]
        batch = http.post("/predict/batch", json={"bundles": bundles}).raise_for_status().json()["results"]
        assert batch[-1]["decision"]["reasons"] == decision["reasons"]
        http.get("/metrics").raise_for_status()


def smoke_dashboard() -> None:
    say = texts("fr")
    applicants = httpx.get(address("api") + "/applicants?limit=3").json()["applicants"]
    with chromium() as browser:
        for applicant in applicants:
            page = browser.new_page()
            page.goto(f"{address('dashboard')}/?client={applicant}")
            decided = httpx.post(f"{address('api')}/applicants/{applicant}/predict", timeout=60).json()
            reason = decided["reasons"][0]["text"]["fr"]
            expect(page.get_by_text(reason).first).to_be_visible(timeout=90_000)
        page.get_by_text(say("pages.drift")).first.click()
        expect(page.locator("iframe").first).to_be_visible(timeout=60_000)


def smoke_mlflow() -> None:
    api = address("mlflow") + "/api/2.0/mlflow"
    (model,) = httpx.get(f"{api}/registered-models/search", timeout=60).json()["registered_models"]
    version = model["latest_versions"][0]
    refused = httpx.post(f"{api}/runs/delete", json={"run_id": version["run_id"]}, timeout=60)
    assert refused.status_code == httpx.codes.FORBIDDEN, refused.text
    run = httpx.get(f"{api}/runs/get", params={"run_id": version["run_id"]}, timeout=60).json()["run"]["info"]
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{address('mlflow')}/#/experiments/{run['experiment_id']}/runs")
        expect(page.get_by_text(run["run_name"]).first).to_be_visible(timeout=90_000)
        page.goto(f"{address('mlflow')}/#/experiments/{run['experiment_id']}/runs/{run['run_id']}/artifacts")
        expect(page.get_by_text("curves").first).to_be_visible(timeout=60_000)
        page.goto(f"{address('mlflow')}/#/models/{model['name']}")
        expect(page.get_by_text("champion").first).to_be_visible(timeout=60_000)


SMOKE: dict[str, Callable[[], None]] = {
    "api": smoke_api,
    "dashboard": smoke_dashboard,
    "mlflow": smoke_mlflow,
}


def one_round() -> dict[Name, Cost]:
    """Start all three, one after the other, and use each."""
    costs = {}
    with ExitStack() as running:
        for name in SERVICES:
            process = running.enter_context(container(name))
            cost = wait(name, process)
            SMOKE[name]()
            costs[name] = cost._replace(peak_mib=peak_mib(process.pid))
    return costs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--base", default="localhost/python-base", help="the image that the three stand on")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    base = mebibytes(arguments.base)
    rounds = [one_round() for _ in range(arguments.rounds)]
    missed = []
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; base {base:.0f} MiB\n"
    )
    print("| image | MiB without base | CPU s to healthy | goal | wall s | peak MiB | goal |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in SERVICES:
        size = mebibytes(f"localhost/home-credit-{name}") - base
        cpu = min(costs[name].cpu_s for costs in rounds)
        wall = min(costs[name].wall_s for costs in rounds)
        peak = max(costs[name].peak_mib for costs in rounds)
        print(
            f"| {name} | {size:.0f} | {cpu:.1f} | {CPU_GOAL[name]} | {wall:.1f} | {peak:.0f} | {MEMORY_GOAL[name]} |"
        )
        if cpu > CPU_GOAL[name] or peak > MEMORY_GOAL[name]:
            missed.append(name)
    if missed:
        print(f"\nabove a goal: {', '.join(missed)}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
