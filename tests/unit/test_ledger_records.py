"""Stored records: every bit is restored, and every format is read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from datetime import UTC, datetime
from typing import Any

import lz4.block
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.errors import BrokenRecordError
from home_credit.ledger import formats
from home_credit.ledger.bundles import StoredBundle
from home_credit.ledger.chain import GENESIS, entry_hash, sha256
from home_credit.ledger.drafts import draft_decision, draft_erasure, draft_review
from home_credit.ledger.encryption import DataKey
from home_credit.ledger.keys import Key
from home_credit.ledger.records import (
    FORMAT,
    DecisionEntry,
    ErasureContent,
    ErasureEntry,
    Policy,
    ReviewContent,
    ReviewEntry,
    canonical,
    timestamp,
)
from support.assessments import a_decision

MOMENT = datetime(2026, 11, 26, 13, 7, 42, 14093, tzinfo=UTC)
ID = "1c2574bd-175e-4d2a-a5e2-6d5ff6a3dc2b"
# A stored record of each format. These texts must not change, since existing ledgers contain such records.
DECISION_1 = {
    "assessment": {
        "SK_ID_CURR": 900001,
        "cut_off": 0.08,
        "decision": "approved",
        "grade": "D",
        "model_version": "1527e8305452",
        "probability_of_default": 0.06,
        "reasons": [],
        "score": 560,
        "simulation": False,
        "warnings": ["bureau: absent"],
    },
    "bundle": {"application": {"SK_ID_CURR": 900001, "AMT_CREDIT": 450000.0}, "bureau": []},
    "chain": "decisions",
    "decision_id": ID,
    "model_version": "1527e8305452",
    "previous_hash": GENESIS,
    "recorded_at": "2026-11-26T13:07:42.014093+00:00",
    "sequence": 1,
}
DECISION_2 = (
    b'{"applicant_id":900001,"assessment":{"decision":"declined","expected_cost":null,"grade":"D",'
    b'"probability_of_default":0.1,"reasons":[{"code":"external_scores","contribution":-0.30000000000000004,'
    b'"feature":"ext_source_mean","text":{"en":"External scores","fr":"Scores externes"},'
    b'"value":0.30000000000000004}],"score":512,"warnings":[]},"bundle":{"POS_CASH_balance":[],'
    b'"application":{"AMT_CREDIT":450000.0,"EXT_SOURCE_2":0.30000000000000004,"FLAG":"\\u00e9\\u0000",'
    b'"SK_ID_CURR":900001},"bureau":[{"DAYS_CREDIT":-400,"SK_ID_BUREAU":1,"SK_ID_CURR":900001}],'
    b'"bureau_balance":[],"credit_card_balance":[],"installments_payments":[],"previous_application":[]},'
    b'"decision_id":"1c2574bd-175e-4d2a-a5e2-6d5ff6a3dc2b","definitions_version":"1.0.0","format":2,'
    b'"model_version":"test-1","policy":{"costs":{"false_negative":10.0,"false_positive":1.0,"review":0.85,'
    b'"reviewer_error_rate":null},"cut_off":0.09090909090909091,"review_band":[0.085,0.1],"version":"test-1"},'
    b'"recorded_at":"2026-11-26T13:07:42.014093+00:00","simulation":true}'
)
REVIEW_2 = (
    b'{"decision":"approved","decision_id":"1c2574bd-175e-4d2a-a5e2-6d5ff6a3dc2b","format":2,'
    b'"reason":"Guarantor found","recorded_at":"2026-11-26T13:07:42.014093+00:00","reviewer":"A. Martin"}'
)


DECISION_3 = (
    b'{"applicant_id":900001,"assessment":{"probability_of_default":0.1,"decision":"declined","score":512,'
    b'"grade":"D","reasons":[{"code":"external_scores","feature":"ext_source_mean","value":0.30000000000000004,'
    b'"contribution":-0.30000000000000004,"text":{"en":"External scores","fr":"Scores externes"}}],"warnings":[],'
    b'"expected_cost":null},"policy":{"cut_off":0.09090909090909091,"review_band":[0.085,0.1],"costs":'
    b'{"false_negative":10.0,"false_positive":1.0,"review":0.85,"reviewer_error_rate":null},"version":"test-1"},'
    b'"model_version":"test-1","definitions_version":"1.0.0","simulation":true,"idempotency":null,"format":3,'
    b'"decision_id":"1c2574bd-175e-4d2a-a5e2-6d5ff6a3dc2b","bundle":{"encoding":"rows","sha256":'
    b'"BUNDLE"},"recorded_at":"2026-11-26T13:07:42.014093+00:00"}'
)
ROWS_3 = zlib.compress(
    b'{"application":{"SK_ID_CURR":900001,"AMT_CREDIT":450000.0,"EXT_SOURCE_2":0.30000000000000004,'
    b'"FLAG":"\xc3\xa9\\u0000"},"bureau":[{"SK_ID_CURR":900001,"SK_ID_BUREAU":1,"DAYS_CREDIT":-400}],'
    b'"bureau_balance":[],"previous_application":[],"POS_CASH_balance":[],"installments_payments":[],'
    b'"credit_card_balance":[]}',
    1,
)
DECISION_3 = DECISION_3.replace(b"BUNDLE", hashlib.sha256(ROWS_3).hexdigest().encode())
REVIEW_3 = (
    b'{"reviewer":"A. Martin","decision":"approved","reason":"Guarantor found","format":3,'
    b'"decision_id":"1c2574bd-175e-4d2a-a5e2-6d5ff6a3dc2b","recorded_at":"2026-11-26T13:07:42.014093+00:00"}'
)
# Encrypted with the key of the bytes 0 to 31.
ROWS_4 = base64.b64decode(
    "bm9uY2Utb2Ytcm93aIPyl2mGLpNeNRDoCWtOOBFZRxwbsSfjZ30BrncNJL08CCF0MNY5Pgvf99KCpFK3mnw7HYMl4OnMuepAa4dihjmFdKhvY2"
    "rUe3MbFvGL3AZRsr3bgiE5aJtdG+d7x1u/XUvkr35RvJwgiwcvpQRvoW0IQ7uNqFsZ0v7tm0rsZ+S24JtC+J/oDXgUIqOvjK3WyvVV7JO2mC3U"
    "EEfii9JGLB2DgqCbljvUG+y1QvxKEc31vYdyGu8aJeU3/kY+LPskxp60MTdvhRsvpk3LqzaeWPFBWXUQiWXazgC0hw=="
)
DECISION_4 = base64.b64decode(
    "MjAyNi0xMS0yNlQxMzowNzo0Mi4wMTQwOTMrMDA6MDBub25jZS1vZi1wYXmhQWkPhwp4R6s2BQW0mn5BVHhgf8hpDFR7kczMeyb7u13JSPmcd2"
    "HJ/BSDDHnUQsEBPOYxQ9IPJXbXiEoZYgEjCPOh49tdXSEkbOC6jDHwxx9H0NfeOr8zRtt6HfrVeaS11npSQ2qv3Ws5mEblfKbDzbuuJzjZyONp"
    "uY1wdX6HreldLdtNJnw10JjC4fP5CjBDACtbPrS8Hv7p/xKEM7BU229UvcDsAuAE0UhhvzotXgzXWUrgmx4xB4zWjbBqmno5gjq7bB550CkDTv"
    "N+6sORGm0sqHh4e4LWjRdtra3wKmAu6OgpzIh9bkvWRDLKzIeun5IyzxSVdGB0aq3rm8NnWMvGL2tGOpabeXUXjTgYoZIDrF6JvEvCqWqs59BX"
    "Jt1MciM+6jEGyJ/5ONDoOROGpxGoFN60vEC7fguoTHs5vxD2HqxEiI3zJiJXyou7LgpWcfgW5Q0ujBi+a8PSzwJW2iU8jbJ30QVKbMCKOhK/rm"
    "DzsPyVFSpHeLz7WUaKvnaM1V0CxmQnrk1iJD5CiykXlSxIjdjfyewA906QO1coJIw4VQDuu5mwFuEgcnRtCTyi/u38jPyKUzZsbMqgYCdJUp23"
    "Mj5GpjC/QMbBuo8oK4O1IJSEvjYETu+wSMDo/N0y11AjbizzZ5+QRMZYXeRCkyyo3Br7Podq91fMsxosmufF1yXhZBA2fGrxc1ZrIKc37PbL80"
    "v4/coI2qDjGOzCcrG4aOGR/v7OS8lWu+Qz9IPVhXisV/B/To0N0Seql9SAjRs2sQOaQDGiJTzF7nmsN8zrcsw14AH9mLV6SNgdiWYiWn/Gxkko"
    "XVorNdLht7qQbdOMS182T5hEjbftVXpKIkPZMZfBE4DAbXKtAc5O7h16YwrNnQsEQzfInvXqqIb9QyJB9fkp"
)


def test_format_5_is_what_is_written_and_read() -> None:
    draft = draft_decision(a_decision(simulation=True, FLAG="é\0"))
    key = draft.key
    assert key is not None and draft.bundle is not None
    payload = draft.recorded(timestamp(MOMENT))
    read = formats.read(DecisionEntry, 5, payload, draft.bundle, key=key)
    assert read == draft.record(MOMENT)
    assert formats.read(DecisionEntry, 5, payload, key=key) == read.model_copy(update={"bundle": {}})
    # Taken apart by hand, as the decision record says.
    assert payload[:32] == b"2026-11-26T13:07:42.014093+00:00"
    cipher = AESGCM(key.secret)
    text = json.loads(lz4.block.decompress(cipher.decrypt(payload[32:44], payload[44:], None)))
    assert text["bundle"] == {"encoding": "rows", "sha256": hashlib.sha256(draft.bundle).hexdigest()}
    assert cipher.decrypt(draft.bundle[:12], draft.bundle[12:], None) == ROWS_3
    of_3 = json.loads(DECISION_3)
    del of_3["recorded_at"]
    stamp = {"format": 5, "decision_id": draft.decision_id, "decided_at": None}
    assert text == {**of_3, **stamp, "bundle": text["bundle"]}

    content = ReviewContent(reviewer="A. Martin", decision="approved", reason="Guarantor found")
    review = draft_review(read, content, "second", key)
    payload = review.recorded(timestamp(MOMENT))
    assert formats.read(ReviewEntry, 5, payload, key=key) == review.record(MOMENT)
    assert (review.record(MOMENT).state, review.record(MOMENT).reviewed) == ("second", "declined")
    for other in (DataKey.new(), None):
        with pytest.raises(BrokenRecordError, match="cannot be decrypted|not a record of format 5"):
            formats.read(ReviewEntry, 5, payload, key=other)


def test_format_4_that_was_stored_is_read() -> None:
    key = DataKey(bytes(range(32)))
    read = formats.read(DecisionEntry, 4, DECISION_4, ROWS_4, key=key)
    assert read == formats.read(DecisionEntry, 3, DECISION_3, ROWS_3).model_copy(update={"format": 4})


def test_format_3_is_read() -> None:
    read = formats.read(DecisionEntry, 3, DECISION_3, ROWS_3)
    assert formats.read(DecisionEntry, 3, DECISION_3) == read.model_copy(update={"bundle": {}})
    assert read.policy_recorded
    assert not read.every_reason
    review = formats.read(ReviewEntry, 3, REVIEW_3)
    assert (review.reviewer, review.reason, review.state) == ("A. Martin", "Guarantor found", "reviewed")


def test_an_erasure_is_plain() -> None:
    draft = draft_erasure(ErasureContent(cause="request", decisions=((3, 3), (7, 9))))
    payload = draft.recorded(timestamp(MOMENT))
    assert payload == (
        b'2026-11-26T13:07:42.014093+00:00{"cause":"request","decisions":[[3,3],[7,9]],"format":5}'
    )
    assert formats.read(ErasureEntry, 5, payload) == draft.record(MOMENT)
    of_4 = formats.read(ErasureEntry, 4, payload.replace(b'"format":5', b'"format":4'))
    assert of_4 == draft.record(MOMENT).model_copy(update={"format": 4})


def test_format_2_is_read() -> None:
    entry = formats.read(DecisionEntry, 2, DECISION_2)
    now = formats.read(DecisionEntry, 3, DECISION_3, ROWS_3)
    assert entry == now.model_copy(update={"format": 2})
    assert entry.policy_recorded
    assert entry.every_reason
    review = formats.read(ReviewEntry, 2, REVIEW_2)
    assert review == formats.read(ReviewEntry, 3, REVIEW_3).model_copy(update={"format": 2})


def test_plain_fields_make_the_record_that_the_model_makes() -> None:
    content = a_decision(simulation=True)
    of_model, plain = draft_decision(content), draft_decision(content.model_dump(mode="json"))
    of_fields = plain.record(MOMENT).model_copy(update={"decision_id": of_model.decision_id})
    assert of_fields == of_model.record(MOMENT)
    assert {**plain.columns, "decision_id": of_model.decision_id} == of_model.columns


def test_rows_in_columns_are_read_as_rows() -> None:
    rows: dict[str, Any] = {
        "application": {"SK_ID_CURR": 1, "AMT_CREDIT": 0.1 + 0.2, "CODE": None},
        "bureau": [{"SK_ID_BUREAU": 1, "DAYS": -3}, {"SK_ID_BUREAU": 2}],
        "bureau_balance": [],
    }
    names = {
        "application": list(rows["application"]),
        "bureau": ["SK_ID_BUREAU", "DAYS"],
        "bureau_balance": ["X"],
    }
    texts = (names, list(rows["application"].values()), [[[1, 2], [-3, None]], [[]]])
    bundle = StoredBundle.of_columns(*(zlib.compress(json.dumps(text).encode()) for text in texts))
    assert bundle.rows() == rows
    draft = draft_decision(a_decision(), bundle)
    assert draft.record(MOMENT).bundle == rows
    read = formats.read(DecisionEntry, FORMAT, draft.recorded(timestamp(MOMENT)), draft.bundle, key=draft.key)
    assert read == draft.record(MOMENT)


@pytest.mark.parametrize(
    "bundle",
    [
        ("rows", b"x"),
        ("rows", b""),
        ("rows", zlib.compress(b"[]")[:-3]),
        ("rows", zlib.compress(b"{")),
        ("rows", zlib.compress(b"{}") * 2),
        ("columns", zlib.compress(b"{}")),
        ("columns", zlib.compress(b"{}") * 3),
        ("other", zlib.compress(b"{}")),
    ],
)
def test_rows_that_cannot_be_decoded(bundle: tuple[str, bytes]) -> None:
    with pytest.raises(BrokenRecordError, match="rows (cannot be decoded|have an unknown encoding)"):
        StoredBundle(*bundle).rows()


def test_the_hash_of_format_2() -> None:
    # As in the decision record, in the shell: sha256sum of the payload, put into the place's JSON.
    assert entry_hash("reviews", 1, GENESIS, sha256(REVIEW_2), form=2, key=None) == (
        "696cc3fe9922ab57ff661fc8b745aec3afb2b01e9e719b9c69e7fc40d1319a5b"
    )


def test_the_hash_of_format_3() -> None:
    key = Key(b"secret")
    digest = hashlib.sha256(REVIEW_3).hexdigest()
    place = {"chain": "reviews", "format": 3, "key": key.id, "previous_hash": GENESIS, "sequence": 1}
    content = canonical({**place, "payload": digest}).encode()
    assert (
        entry_hash("reviews", 1, GENESIS, digest, form=3, key=key)
        == hmac.new(b"secret", content, "sha256").hexdigest()
    )


def test_format_1_is_read() -> None:
    entry = _read_1()
    assert (entry.format, entry.decision_id, entry.recorded_at) == (1, ID, MOMENT)
    assert (entry.applicant_id, entry.model_version, entry.simulation) == (900001, "1527e8305452", False)
    assert entry.bundle == DECISION_1["bundle"]
    assert (entry.assessment.score, entry.assessment.warnings) == (560, ("bureau: absent",))
    assert (entry.policy.cut_off, entry.policy_recorded, entry.definitions_version) == (0.08, False, None)

    content = {"reviewer": "A. Martin", "decision": "declined", "reason": "Fraud"}
    place = {name: DECISION_1[name] for name in ("decision_id", "previous_hash", "recorded_at", "sequence")}
    stored = canonical({"chain": "reviews", **place, "review": content}).encode()
    review = formats.read(ReviewEntry, 1, stored)
    assert (review.reviewer, review.decision, review.reason) == ("A. Martin", "declined", "Fraud")
    assert (review.format, review.decision_id, review.recorded_at) == (1, ID, MOMENT)


def test_the_policy_of_format_1_is_that_of_the_default_costs() -> None:
    for decision, probability in (("approved", 0.06), ("review", 0.08), ("review", 0.12), ("declined", 0.16)):
        policy = _read_1(decision=decision, probability_of_default=probability).policy
        assert policy.costs is not None
        assert policy.costs.review == 0.85
        assert policy.review_band == (0.08, 1.0 - 0.85)
    # With a cut-off this high, a review costs less than an approval from 0.085 on.
    assert _read_1(cut_off=0.2, probability_of_default=0.05).policy.review_band == (0.85 / 10.0, 0.2)


def test_the_policy_of_format_1_under_other_costs_is_what_the_decision_proves() -> None:
    # COST_REVIEW=0.95 declined at 0.12 what the default refers.
    declined = _read_1(decision="declined", probability_of_default=0.12).policy
    assert (declined.costs, declined.review_band) == (None, None)
    # A cheaper review was asked for at 0.3, and so from the cut-off to there.
    referred = _read_1(decision="review", probability_of_default=0.3).policy
    assert (referred.costs, referred.review_band) == (None, (0.08, 0.30000000000000004))


@settings(deadline=None)
@given(
    cut_off=st.floats(0, 1),
    probability=st.floats(0, 1),
    costs=st.tuples(st.floats(0.5, 20), st.floats(0.5, 20), st.floats(0, 20)),
)
def test_what_format_1_decided_follows_from_the_policy_read(
    cut_off: float, probability: float, costs: tuple[float, float, float]
) -> None:
    # Whatever the costs were set to, version 1.0 decided like this.
    false_negative, false_positive, review = costs
    low, high = min(review / false_negative, cut_off), max(1.0 - review / false_positive, cut_off)
    machine = "approved" if probability < cut_off else "declined"
    decision = "review" if low < high and low <= probability < high else machine
    read = _read_1(decision=decision, probability_of_default=probability, cut_off=cut_off).policy
    assert _decide(read, probability) == decision


numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters())  # lone surrogates too: Python's JSON has them
plain = st.none() | st.booleans() | st.integers() | numbers | words


@settings(deadline=None)
@given(
    number=numbers,
    probability=st.floats(0, 1),
    value=plain,
    row=st.dictionaries(words, plain, max_size=4),
)
def test_every_bit_survives(number: float, probability: float, value: Any, row: dict[str, Any]) -> None:
    content = a_decision(**row)
    reason = content.assessment.reasons[0].model_copy(update={"value": value, "contribution": number})
    assessed = {"probability_of_default": probability, "reasons": (reason,)}
    content = content.model_copy(
        update={"assessment": content.assessment.model_copy(update=assessed), "simulation": True}
    )
    draft = draft_decision(content)
    payload = draft.recorded(timestamp(MOMENT))
    read = formats.read(DecisionEntry, FORMAT, payload, draft.bundle, key=draft.key)
    assert read == draft.record(MOMENT)
    assert read.assessment.probability_of_default.hex() == probability.hex()
    assert read.assessment.reasons[0].contribution.hex() == number.hex()
    assert repr(read.assessment.reasons[0].value) == repr(value)
    assert canonical(read.bundle) == canonical(content.bundle)
    application: Any = content.bundle["application"]
    restored: Any = read.bundle["application"]
    assert {name: repr(cell) for name, cell in restored.items()} == {
        name: repr(cell) for name, cell in application.items()
    }


def test_what_is_not_json_is_not_recorded() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        draft_decision(a_decision(AMT_CREDIT=float("nan")))
    with pytest.raises(TypeError, match="not JSON serializable"):
        draft_decision(a_decision(AMT_CREDIT=object()))


def test_letters_that_look_like_a_number_that_is_not_finite() -> None:
    content = a_decision(NAME="Infinity, or NaN")
    draft = draft_decision(content)
    assert draft.bundle is not None and draft.key is not None
    assert StoredBundle("rows", draft.key.decrypt(draft.bundle)).rows() == content.bundle


@pytest.mark.parametrize(
    ("number", "payload", "complaint"),
    [
        (2, b"", "not a record of format 2"),
        (2, b"\xff\xfe", "not a record of format 2"),
        (2, b"[]", "not a record of format 2"),
        (2, b"[" * 100_000, "not a record of format 2"),
        (2, b'{"format": 2}', "not a record of format 2: applicant_id: Field required"),
        (2, DECISION_2.replace(b'"declined"', b'"refused"'), "assessment.decision: Input should be"),
        (2, DECISION_2.replace(b'"simulation"', b'"pretence"'), "simulation|pretence"),
        (2, DECISION_2.replace(b'"format":2', b'"format":3'), "the payload is of format 3, not 2"),
        (1, DECISION_2, "the payload is of format 2, not 1"),
        (1, b"{}", "not a record of format 1: KeyError"),
        (1, b'{"assessment": 1}', "not a record of format 1: KeyError"),
        (4, DECISION_2, "not a record of format 4"),
        (4, b"", "not a record of format 4"),
        (6, DECISION_2, "format 6 is not known; this version reads formats 1 to 5"),
        (3, DECISION_2, "the payload is of format 2, not 3"),
        (3, DECISION_3.replace(b'"sha256"', b'"sha512"'), "not a record of format 3: KeyError"),
        (0, DECISION_2, "format 0 is not known"),
    ],
)
def test_what_cannot_be_read_is_a_broken_record(number: int, payload: bytes, complaint: str) -> None:
    with pytest.raises(BrokenRecordError, match=complaint) as caught:
        formats.read(DecisionEntry, number, payload, ROWS_3)
    assert "\n" not in str(caught.value)


def _read_1(**changes: Any) -> DecisionEntry:
    assessment = {**DECISION_1["assessment"], **changes}  # type: ignore[dict-item]
    stored = canonical({**DECISION_1, "assessment": assessment}).encode()
    return formats.read(DecisionEntry, 1, stored)


def _decide(policy: Policy, probability: float) -> str:
    band = policy.review_band
    if band is not None and band[0] <= probability < band[1]:
        return "review"
    return "approved" if probability < policy.cut_off else "declined"
