"""Requests that no honest client sends, for every route of the API."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from home_credit.api.rules import RULES
from home_credit.examples import APPLICANT, BUNDLE

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUTES = [(method, rule.path) for method, rules in RULES.items() for rule in rules]
ODD_NUMBERS = [0, -1, 1, 0.5, 1e308, -1e308, 1e-310, 5e-324, 2**31, 2**53 + 1, 2**63, 9.3e18, 10**400, 365243]
ODD_TEXTS = [
    "",
    "NaN",
    "null",
    "XNA",
    "é" * 3,
    "\u0000",
    "x" * 5_000,
    "1_00_001",
    "١٢٣",
    "Cash loans",
    "2024-13-45",
]
LITERALS = [
    "NaN",
    "Infinity",
    "1e999",
    '"\\ud800"',
    "[" * 300 + "]" * 300,
    "9" * 5_000,
    "01",
    "tru",
    "{}",
    "[]",
]

leaves: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_TEXTS),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


class Request(NamedTuple):
    """One request; the path and the body are raw bytes."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes


@st.composite
def changed_bundles(draw: st.DrawFn) -> Any:
    """A valid bundle with a few columns replaced, added or taken away."""
    bundle: dict[str, Any] = copy.deepcopy({**BUNDLE})
    for _ in range(draw(st.integers(1, 3))):
        table = draw(st.sampled_from(sorted(bundle)))
        rows = bundle[table]
        if isinstance(rows, list) and draw(st.booleans()):
            rows.append(draw(values))
            continue
        row = rows if isinstance(rows, dict) else draw(st.sampled_from(rows)) if rows else None
        if not isinstance(row, dict) or not row:
            bundle[table] = draw(values)
            continue
        column = draw(st.sampled_from(sorted(row)) | st.text(max_size=12))
        row[column] = draw(leaves)
    return bundle


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """JSON, or nearly."""
    value = draw(
        changed_bundles()
        | values
        | st.fixed_dictionaries({"bundles": st.lists(changed_bundles() | values, max_size=3)})
        | st.fixed_dictionaries(
            {"application": st.dictionaries(st.sampled_from(COLUMNS), leaves, max_size=4)}
        )
        | st.fixed_dictionaries({"inputs": st.lists(tensors, max_size=3)})
        | st.fixed_dictionaries(
            {"reviewer": leaves, "decision": leaves | st.just("approved"), "reason": leaves}
        )
    )
    text = json.dumps(value)
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(LITERALS)) + text[place:]
    return text.encode("utf-8", "surrogatepass")


COLUMNS = sorted(BUNDLE["application"])
tensors = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["input", "EXT_SOURCE_2", "NAME_CONTRACT_TYPE", ""]) | leaves,
        "shape": st.lists(st.integers(-2, 300), max_size=3) | leaves,
        "datatype": st.sampled_from(["FP64", "BYTES", "INT8", "BOOL", "X"]) | leaves,
        "data": st.lists(leaves, max_size=5) | leaves,
        "parameters": st.just({"binary_data_size": 8}) | leaves,
    }
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request to a route that there is, or nearly."""
    method, template = draw(st.sampled_from(ROUTES))
    method = draw(st.sampled_from([method] * 9 + ["PUT", "HEAD", "OPTIONS", "DELETE", "PATCH"]))
    segments = st.sampled_from(
        [str(APPLICANT), "0", "-1", "1_00_001", "9" * 30, "%00", "%2F", "..", "%FF", "é"]
    )
    path = template
    while "{" in path:
        start, end = path.index("{"), path.index("}") + 1
        path = path[:start] + draw(segments | st.uuids().map(str)) + path[end:]
    if draw(st.booleans()):
        name = draw(
            st.sampled_from(["limit", "after", "simulation", "id_prefix", "from", "to", "grade", "x"])
        )
        path += f"?{name}={draw(st.sampled_from(['1', '-1', 'NaN', '%00', '9' * 30, '', 'A', '2024-01-01', '%F0']))}"
    kinds = [b"application/json"] * 5 + [b"text/plain", b"", b"\xff"]
    headers = {b"content-type": draw(st.sampled_from(kinds))}
    for header in (
        b"idempotency-key",
        b"inference-header-content-length",
        b"content-encoding",
        b"x-request-id",
    ):
        if draw(st.integers(0, 9)) == 0:
            headers[header] = draw(
                st.sampled_from([b"", b"1", b"-1", b"gzip", b"9" * 30, b"\xe9", b"x" * 300])
            )
    body = draw(texts() | st.binary(max_size=200)) if method == "POST" else b""
    return Request(method, path.encode().decode("ascii", "ignore"), headers, body)
