"""What hostile bodies and slow clients cost the API: answers, time and peak memory, each against a limit.

    python benchmarks/hostile.py [--tables DIR] [--rows NAME ...]

The API runs as in its image, with the image's packages and limits (but for those per minute), and an API key. Every row starts it anew.
After each row the server must be healthy, answer /health within a second, have stopped working on what nobody waits
for, and end within ten seconds of SIGTERM. Exits with 1 where a row misses a limit.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servers import ours, rows
from servers.load import UNANSWERED, request
from servers.raw import exchange, hold, trickle
from servers.rows import Outcome

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.ports import free_port

if TYPE_CHECKING:
    from servers.processes import Server

MIB = 300
# A server that wants more is refused it, so that it does not take the memory of the machine.
MOST_BYTES = 2 * 1024**3
HEALTH_SECONDS, STOP_SECONDS, IDLE_SECONDS = 1.0, 10.0, 10.0
BODY = 5_900_000  # bytes, just below the usual limit
MOST_ROWS = 20_000  # of a table of history, in the schema
PATIENCE = 60.0  # seconds that a client waits
# Answers that are no fault of the server.
REFUSED = frozenset({400, 401, 404, 408, 411, 413, 414, 415, 422, 429, 431, 503})
Bundle = dict[str, Any]


Row = Callable[[int, Bundle], Coroutine[Any, Any, Outcome]]


def main() -> int:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ours.add_arguments(parser)
    parser.add_argument(
        "--rows", nargs="+", choices=[*ROWS], default=[*ROWS], metavar="NAME", help=", ".join(ROWS)
    )
    arguments = parser.parse_args()
    rows.start_table()
    with tempfile.TemporaryDirectory() as folder:
        python = arguments.python or ours.interpreter(arguments.environments)
        data = ours.prepare(Path(folder), arguments.tables, python, bundles=100)
        # An applicant with rows in every history, so that each can be tried, and as few as may be.
        bundle = max(data.bundles, key=lambda each: (sum(map(bool, each.values())), -len(str(each))))
        held = [run(name, data, bundle) for name in arguments.rows]
    return rows.end_table(held)


def run(name: str, data: ours.Data, bundle: Bundle) -> bool:
    """Run one row on a server of its own, print its line, and return whether all limits held."""
    port = free_port()
    server = ours.start_api(data, port, most_bytes=MOST_BYTES)
    missed = []
    try:
        began = time.monotonic()
        outcome = asyncio.run(ROWS[name](port, bundle))
        wall = time.monotonic() - began
        peak = server.peak_mib()
        if outcome.wrong:
            missed.append(outcome.wrong)
        if peak > MIB:
            missed.append(f"more than {MIB} MiB")
        if not server.running:
            missed.append("the server ended")
        else:
            missed += asyncio.run(_afterwards(port))
            if not _is_idle(server):
                missed.append(f"still works {IDLE_SECONDS:.0f} s later")
        cpu = server.cpu_seconds() if server.running else float("nan")
    finally:
        stopped = server.stop()
    if stopped > STOP_SECONDS:
        missed.append(f"ends {stopped:.0f} s after SIGTERM")
    return rows.row(name, outcome, wall=wall, cpu=cpu, peak=peak, missed=missed)


async def _afterwards(port: int) -> list[str]:
    answer = await exchange(port, request("GET", "/health", headers={"Connection": "close"}), PATIENCE)
    if answer.status != 200:
        return [f"/health answers {answer.status}"]
    return [f"/health takes {answer.seconds:.1f} s"] if answer.seconds > HEALTH_SECONDS else []


def _is_idle(server: Server) -> bool:
    deadline = time.monotonic() + IDLE_SECONDS
    while time.monotonic() < deadline:
        before = server.cpu_seconds()
        time.sleep(0.5)
        if server.cpu_seconds() - before < 0.1:
            return True
    return False


def _post(path: str, body: bytes, headers: Mapping[str, str] = ours.HEADERS) -> bytes:
    return request("POST", path, body, {"Connection": "close", **headers})


async def _at_once(port: int, contents: list[bytes], allowed: frozenset[int], seconds: float) -> Outcome:
    """Send requests at the same time; each must be answered with an allowed status within ``seconds``."""
    replies = await asyncio.gather(*(exchange(port, content, PATIENCE) for content in contents))
    wrong = [
        *(f"{reply.status or 'no'} answer" for reply in replies if reply.status not in allowed),
        *(f"an answer after {reply.seconds:.1f} s" for reply in replies if reply.seconds > seconds),
    ]
    return Outcome(rows.statuses(replies), wrong[0] if wrong else "")


def _filled(start: bytes, element: bytes, end: bytes) -> bytes:
    return start + b",".join([element] * ((BODY - len(start) - len(end)) // (len(element) + 1))) + end


EMPTY_ROWS = _filled(b'{"installments_payments":[', b"{}", b"]}")
EMPTY_LISTS = _filled(b'{"installments_payments":[', b"[]", b"]}")


async def empty_rows(port: int, _bundle: Bundle) -> Outcome:
    return await _at_once(port, [_post("/predict", EMPTY_ROWS)], REFUSED, 5)


async def empty_rows_four_times(port: int, _bundle: Bundle) -> Outcome:
    return await _at_once(port, [_post("/predict", EMPTY_ROWS)] * 4, REFUSED, 10)


async def empty_rows_without_a_key(port: int, _bundle: Bundle) -> Outcome:
    # The connection may be closed with the refusal while the body is still on its way.
    return await _at_once(port, [_post("/predict", EMPTY_ROWS, {})] * 4, frozenset({401, 429, UNANSWERED}), 2)


async def empty_lists_six_times(port: int, _bundle: Bundle) -> Outcome:
    return await _at_once(port, [_post("/predict", EMPTY_LISTS)] * 6, REFUSED, 10)


async def valid_rows_six_times(port: int, bundle: Bundle) -> Outcome:
    """Bodies of the same size that keep every rule: as many rows of history as the schema takes."""
    longest = {"application": bundle["application"]}
    left = BODY - len(json.dumps(longest))
    for table in ("installments_payments", "POS_CASH_balance", "credit_card_balance"):
        size = len(json.dumps(bundle[table][0])) + 2
        longest[table] = bundle[table][:1] * min(MOST_ROWS, (left - len(table) - 8) // size)
        left -= len(table) + 8 + size * len(longest[table])
    body = json.dumps(longest).encode()
    return await _at_once(port, [_post("/predict", body)] * 6, REFUSED | {200}, 30)


def _small_batch(bundle: Bundle) -> bytes:
    """A thousand times one applicant without any history."""
    small = {"application": {name: each for name, each in bundle["application"].items() if each is not None}}
    return json.dumps({"bundles": [small] * 1_000}).encode()


async def batches_forty_times(port: int, bundle: Bundle) -> Outcome:
    """Clients that leave after five seconds; one of another kind of request waits no longer for them."""
    content = _post("/predict/batch", _small_batch(bundle))
    batches = [asyncio.create_task(exchange(port, content, 5)) for _ in range(40)]
    await asyncio.sleep(1)
    health = await exchange(port, request("GET", "/health", headers={"Connection": "close"}), PATIENCE)
    replies = await asyncio.gather(*batches)
    wrong = f"/health takes {health.seconds:.1f} s meanwhile" if health.seconds > HEALTH_SECONDS else ""
    if faults := [reply.status for reply in replies if reply.status not in REFUSED | {200, UNANSWERED}]:
        wrong = f"answer {faults[0]}"
    return Outcome(rows.statuses(replies), wrong)


async def batch_alone(port: int, bundle: Bundle) -> Outcome:
    return await _at_once(port, [_post("/predict/batch", _small_batch(bundle))], REFUSED | {200}, 20)


async def unfinished_bodies(port: int, _bundle: Bundle) -> Outcome:
    start = _post("/predict", EMPTY_ROWS)[:-100_000]
    return rows.ended(await asyncio.gather(*(hold(port, start, PATIENCE) for _ in range(64))), PATIENCE)


async def trickled_bodies(port: int, _bundle: Bundle) -> Outcome:
    """One byte a second, without an end."""

    start = _post("/predict", EMPTY_ROWS)[:400]
    return rows.ended(await asyncio.gather(*(trickle(port, start, PATIENCE) for _ in range(64))), PATIENCE)


async def idle_connections(port: int, _bundle: Bundle) -> Outcome:
    idle = [asyncio.create_task(hold(port, b"", PATIENCE)) for _ in range(900)]
    await asyncio.sleep(1)
    health = await exchange(port, request("GET", "/health", headers={"Connection": "close"}), PATIENCE)
    closed = await asyncio.gather(*idle)
    open_ = closed.count(False)
    wrong = f"{open_} open for {PATIENCE:.0f} s" if open_ else ""
    if health.status != 200 or health.seconds > HEALTH_SECONDS:
        wrong = f"/health answers {health.status} after {health.seconds:.1f} s meanwhile"
    return Outcome(f"{900 - open_} of 900 ended", wrong)


async def long_header(port: int, _bundle: Bundle) -> Outcome:
    content = request("GET", "/health", headers={"X-Long": "x" * 60_000_000})
    return await _at_once(port, [content], REFUSED | {UNANSWERED}, 5)


async def many_headers(port: int, _bundle: Bundle) -> Outcome:
    content = request("GET", "/health", headers={f"X-{number}": "x" for number in range(200_000)})
    return await _at_once(port, [content], REFUSED | {UNANSWERED}, 5)


async def long_names(port: int, bundle: Bundle) -> Outcome:
    application = bundle["application"]
    bodies = [
        {"application": {**application, "X" * 1_000_000: 1}},
        {"application": application, "X" * 1_000_000: []},
        {"application": {**application, "NAME_CONTRACT_TYPE": "X" * 1_000_000}},
    ]
    contents = [_post("/predict", json.dumps(body).encode()) for body in bodies]
    replies = await asyncio.gather(*(exchange(port, content, PATIENCE) for content in contents))
    long = max(len(reply.body) for reply in replies)
    wrong = f"an answer of {long:,} bytes" if long > 10_000 else ""
    # An unknown category is a warning, so that it may be decided.
    if {reply.status for reply in replies[:2]} != {422} or replies[2].status not in {200, 422}:
        wrong = "not refused"
    return Outcome(f"{rows.statuses(replies)}, at most {long:,} bytes", wrong)


async def duplicate_keys(port: int, bundle: Bundle) -> Outcome:
    text = json.dumps(bundle).encode()
    bodies = [
        text.replace(b'"application": {', b'"application": {"EXT_SOURCE_2": 0.5, "EXT_SOURCE_2": 0.6, ', 1),
        text[:-1] + b', "application": {}}',
        text[:-1] + b', "bureau": []}',
    ]
    return await _at_once(port, [_post("/predict", body) for body in bodies], frozenset({422}), 5)


def _changed(bundle: Bundle, column: str, value: Any, table: str = "application") -> Bundle:
    """Return a bundle with one column changed, in the first row of a history."""
    changed = copy.deepcopy(bundle)
    if table == "application":
        changed[table][column] = value
    else:
        changed[table] = [{**changed[table][0], column: value}, *changed[table][1:]]
    return changed


async def extremes(port: int, bundle: Bundle) -> Outcome:
    """Values that a column cannot hold or features cannot compute with: no fault, alone or in a batch."""
    changes: list[tuple[Any, ...]] = [
        ("AMT_GOODS_PRICE", 1e-310),
        ("AMT_CREDIT", 1e308),
        ("AMT_INCOME_TOTAL", 5e-324),
        ("NFLAG_INSURED_ON_APPROVAL", 9.3e18, "previous_application"),
        ("NUM_INSTALMENT_VERSION", 10**400, "installments_payments"),
        ("DAYS_BIRTH", -(10**300)),
        ("CNT_CHILDREN", 2**63),
        ("EXT_SOURCE_2", -0.0),
    ]
    bundles = [_changed(bundle, *change) for change in changes if len(change) == 2 or bundle.get(change[2])]
    alone = [_post("/predict", json.dumps(each).encode()) for each in bundles]
    batch = _post("/predict/batch", json.dumps({"bundles": [*bundles, bundle]}).encode())
    outcome = await _at_once(port, alone, REFUSED | {200}, 10)
    together = await exchange(port, batch, PATIENCE)
    wrong = outcome.wrong
    if together.status not in {200, 422}:
        wrong = f"{together.status} for a whole batch"
    elif together.status == 200 and not json.loads(together.body)["results"][-1].get("decision"):
        wrong = "the sound applicant of the batch is not decided"
    return Outcome(f"{outcome.text}; batch {together.status}", wrong)


async def impossible_applicants(port: int, bundle: Bundle) -> Outcome:
    """Rows that contradict themselves are refused, naming the field."""
    changes: list[tuple[Any, ...]] = [
        ("EXT_SOURCE_1", 57),
        ("EXT_SOURCE_2", -3),
        ("AMT_INCOME_TOTAL", -1),
        ("DAYS_BIRTH", 1),
        ("AMT_CREDIT", 0),
        ("DAYS_EMPLOYED", bundle["application"]["DAYS_BIRTH"] - 1),
        ("DAYS_INSTALMENT", 1, "installments_payments"),
    ]
    wrong = ""
    replies = []
    for change in changes:
        if len(change) == 3 and not bundle.get(change[2]):
            continue
        content = _post("/predict", json.dumps(_changed(bundle, *change)).encode())
        reply = await exchange(port, content, PATIENCE)
        replies.append(reply)
        if reply.status != 422 or change[0].encode() not in reply.body:
            wrong = f"{reply.status} for {change[0]} {change[1]}"
    return Outcome(rows.statuses(replies), wrong)


async def addresses(port: int, bundle: Bundle) -> Outcome:
    """Ids in other spellings, and redirects to a host that the client names."""
    known = str(bundle["application"]["SK_ID_CURR"])
    spelt = f"{known[0]}_{known[1:3]}_{known[3:]}"
    head = {**ours.HEADERS, "Connection": "close"}
    paths = [
        f"/applicants/{spelt}",
        f"/applicants/+{known}",
        f"/applicants/%20{known}",
        f"/applicants/0{known}",
    ]
    replies = [await exchange(port, request("GET", path, headers=head), 10) for path in paths]
    redirect = await exchange(
        port, request("GET", "/applicants/", headers={**head, "Host": "elsewhere.example"}), 10
    )
    wrong = "another spelling of an id is served" if {reply.status for reply in replies} & {200} else ""
    if b"elsewhere" in redirect.head:
        wrong = "redirects to any host"
    documentation = await exchange(port, request("GET", "/docs", headers=head), 10)
    if b"https://" in documentation.body:
        wrong = "the documentation needs another host"
    return Outcome(rows.statuses([*replies, redirect]), wrong)


async def tensors(port: int, _bundle: Bundle) -> Outcome:
    """Hostile requests of the inference protocol."""
    tensor = {"name": "x", "shape": [10**12, 656], "datatype": "FP64"}
    bodies = [
        json.dumps({"inputs": [{**tensor, "data": [0]}]}).encode(),
        json.dumps({"inputs": [{**tensor, "shape": [-1, -656], "data": [0]}]}).encode(),
        _filled(b'{"inputs":[{"name":"x","shape":[1,656],"datatype":"FP64","data":[', b"0", b"]}]}"),
        _filled(b'{"inputs":[{"name":"x","shape":[1024],"datatype":"BYTES","data":[', b'""', b"]}]}"),
        _filled(b'{"inputs":[', b'{"name":"x","shape":[1],"datatype":"FP64","data":[]}', b"]}"),
        b'{"inputs":' + b"[" * BODY,
    ]
    contents = [_post(ours.MODEL, body) for body in bodies]
    sized = {**tensor, "parameters": {"binary_data_size": 10**15}}
    header = json.dumps({"inputs": [sized]}).encode()
    length = {"Inference-Header-Content-Length": str(len(header))}
    contents.append(_post(ours.MODEL, header + bytes(8), {**ours.HEADERS, **length}))
    bomb = gzip.compress(bytes(300_000_000))
    contents.append(_post(ours.MODEL, bomb, {**ours.HEADERS, "Content-Encoding": "gzip"}))
    replies = [await exchange(port, content, PATIENCE) for content in contents]
    wrong = next(
        (
            f"{reply.status}: {reply.body[:80]!r}"
            for reply in replies
            if reply.status not in {400, 413} or list(json.loads(reply.body)) != ["error"]
        ),
        "",
    )
    return Outcome(rows.statuses(replies), wrong)


ROWS: dict[str, Row] = {
    "empty-rows": empty_rows,
    "empty-rows-4": empty_rows_four_times,
    "empty-rows-4-no-key": empty_rows_without_a_key,
    "empty-lists-6": empty_lists_six_times,
    "valid-rows-6": valid_rows_six_times,
    "batch": batch_alone,
    "batches-40": batches_forty_times,
    "unfinished-64": unfinished_bodies,
    "trickled-64": trickled_bodies,
    "idle-900": idle_connections,
    "long-header": long_header,
    "many-headers": many_headers,
    "long-names": long_names,
    "duplicate-keys": duplicate_keys,
    "extremes": extremes,
    "impossible": impossible_applicants,
    "addresses": addresses,
    "tensors": tensors,
}


if __name__ == "__main__":
    sys.exit(main())
