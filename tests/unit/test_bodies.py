"""Parsing of request bodies: strict JSON in bounded memory."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from home_credit.api.bodies import MOST_MEMORY, parse
from home_credit.errors import BundleError
from home_credit.schemas import BatchRequest, PredictionRequest
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION, TABLES, table

SIZE = 5_900_000  # bytes, just below the usual limit of a body


def refusal(body: bytes) -> str:
    with pytest.raises(json.JSONDecodeError) as caught:
        parse(body)
    return caught.value.msg


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff", b"\xef\xbb\xbf{}", b"{", b"[1,]", b"01", b"+1", b"5.", b"{'a': 1}", b'{"a": 1} x', b"nul",
        b"NaN", b"[Infinity]", b"[-Infinity]", b'["\\ud800"]', b'["\xed\xa0\x80"]', b'["\x00"]', b'["\\x41"]',
        b"[" * 300 + b"]" * 300, b"1" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(body: bytes) -> None:
    assert refusal(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 2}',
        b'[{"b": {"a" :1,\n"a"\t: 2}}]',
        b'{"' + b"x" * 1_000_000 + b'": 1, "' + b"x" * 1_000_000 + b'": 2}',
    ],
)
def test_a_name_is_once_in_an_object(body: bytes) -> None:
    told = refusal(body)
    assert "duplicate key" in told
    assert len(told) <= 200


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=30,
)  # fmt: skip


@given(JSON_VALUES)
@example({"a": "x: y", 'b":': '{"b": 1, "b": 2}'})
def test_json_is_read_as_by_the_standard_library(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
        assert parse(text.encode()) == value


# Memory.


def history(name: str, row: dict[str, Any]) -> bytes:
    text = json.dumps(row, separators=(",", ":")).encode()
    rows = b",".join([text] * (SIZE // (len(text) + 1)))
    return b'{"application":{},"%s":[%s]}' % (name.encode(), rows)


@pytest.mark.parametrize(
    "body",
    [
        b'{"installments_payments":[' + b"{}," * (SIZE // 3) + b"{}]}",
        b"[" + b"[]," * (SIZE // 3) + b"[]]",
        b'{"bureau":[' + b'{"a":1},' * (SIZE // 8) + b"{}]}",
        b"[" + b'"ab",' * (SIZE // 5) + b'"ab"]',
        b"{" + b",".join(b'"%x":1' % number for number in range(SIZE // 10)) + b"}",
        b"[" * SIZE,
    ],
    ids=["rows", "lists", "small rows", "texts", "names", "depth"],
)
def test_a_body_that_would_take_much_memory_is_refused_before_it_is_parsed(body: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(HTTPException) as caught:
            parse(body)
        assert caught.value.status_code == 413
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body",
    [
        history("bureau_balance", {"SK_ID_BUREAU": 5000001, "MONTHS_BALANCE": -12, "STATUS": "C"}),
        history("POS_CASH_balance", dict.fromkeys(table("POS_CASH_balance").columns, -1.5)),
        history("credit_card_balance", dict.fromkeys(table("credit_card_balance").columns)),
        b"[" + b",".join(b"%d.%03d" % (number, number % 997) for number in range(520_000)) + b"]",
        b"[" + b"1," * (SIZE // 2) + b"1]",
        b'["' + b"x: {[," * (SIZE // 1000) + b'"]',
        json.dumps(["\\" * (SIZE // 4)]).encode(),
    ],
    ids=["months", "cash balances", "empty columns", "feature vectors", "digits", "punctuation", "escapes"],
)
def test_a_body_of_the_usual_limit_is_parsed_in_bounded_memory(body: bytes) -> None:
    assert len(body) < 6_000_000
    tracemalloc.start()
    try:
        parse(body)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


# From bytes to checked rows: nothing but the errors that are declared.

ODD = (
    "NaN", "1e999", "-1e-320", "9.3e18", "1e-310", "-0.0", "9" * 400, "9" * 4400, "true", "null", "[]", "{}", '""',
    '"\\u0000"', '"\\ud83d"', '"XNA"', "365243", "-1", "0", "1", "0.5", "[[[[1]]]]", '{"a":{"a":1}}',
)  # fmt: skip
LITERALS = st.sampled_from(ODD) | st.integers(-400_000, 400_000).map(str) | JSON_VALUES.map(json.dumps)


@st.composite
def rows(draw: st.DrawFn, name: str) -> str:
    """One row as text: known columns or others, some of them twice."""
    known = st.sampled_from(list(table(name).columns))
    pairs = draw(st.lists(st.tuples(known | st.text(max_size=5), LITERALS), max_size=12))
    return "{" + ",".join(f"{json.dumps(column)}:{value}" for column, value in pairs) + "}"


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A bundle as text, sometimes cut or with other bytes in it."""
    required = json.dumps(
        {
            "SK_ID_CURR": 100001,
            "NAME_CONTRACT_TYPE": "Cash loans",
            "AMT_INCOME_TOTAL": 1e5,
            "AMT_CREDIT": 4e5,
            "DAYS_BIRTH": -15000,
        }
    )
    parts = [f'"application":{draw(st.just(required) | rows(APPLICATION) | LITERALS)}']
    for name in draw(st.sets(st.sampled_from([*TABLES, "loans"]))):
        held = draw(st.lists(rows(name if name in TABLES else "bureau") | LITERALS, max_size=3))
        parts.append(f'"{name}":{draw(st.just("[" + ",".join(held) + "]") | LITERALS)}')
    body = ("{" + ",".join(parts) + "}").encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        place = draw(st.integers(0, len(body)))
        body = body[:place] + draw(st.binary(max_size=3)) + body[place + draw(st.integers(0, 3)) :]
    return body


@given(st.binary() | requests())
@settings(max_examples=400, deadline=None)
def test_no_bytes_raise_anything_else_than_the_errors_of_a_request(body: bytes) -> None:
    with suppress(json.JSONDecodeError, ValidationError, BundleError):
        parsed: Any = parse(body)
        accepted = parse_bundle(dict(PredictionRequest.model_validate(parsed)))
        assert accepted.applicant_id == accepted.application["SK_ID_CURR"]


def test_the_errors_of_a_batch_are_bounded() -> None:
    batch = BatchRequest.model_validate(parse(b'{"bundles":[' + b"[]," * 999 + b"[]]}"))
    assert len(batch.bundles) == 1000
    with pytest.raises(ValidationError) as caught:
        PredictionRequest.model_validate({"application": {}, "bureau": [1] * 20_000})
    assert caught.value.error_count() == 1
