"""A chain of entries: changed, removed, added or moved entries are detected."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from home_credit.errors import BrokenRecordError
from home_credit.ledger.chain import START, Head, StoredEntry, check, entry_hash, sha256, verify
from home_credit.ledger.drafts import draft_decision
from home_credit.ledger.exports import exported
from home_credit.ledger.keys import Key, Keyring
from home_credit.ledger.records import FORMAT, DecisionEntry, Idempotency, canonical, timestamp
from support.assessments import a_decision

LENGTH = 5
KEY = Key(b"a key of the tests")
KEYS = Keyring(KEY)


def _chain(length: int = LENGTH) -> list[StoredEntry]:
    entries: list[StoredEntry] = []
    previous = START.hash
    for sequence in range(1, length + 1):
        keyed = {"idempotency": Idempotency(key=f"{sequence:064}", request="0" * 64)}
        draft = draft_decision(a_decision(sequence).model_copy(update=keyed))
        time = timestamp(datetime(2026, 1, sequence, tzinfo=UTC))
        payload = draft.recorded(time)
        own = entry_hash("decisions", sequence, previous, sha256(payload), key=KEY)
        columns = {**draft.columns, "recorded_at": time}
        place = ("decisions", sequence, FORMAT, payload, previous, own)
        assert draft.key is not None
        entries.append(StoredEntry(*place, columns, KEY.id, draft.bundle, draft.key.wrapped(KEY)))
        previous = own
    return entries


ENTRIES = _chain()
HEAD = Head(LENGTH, ENTRIES[-1].hash)


def _verify(entries: list[StoredEntry], head: Head = HEAD) -> int:
    return verify(entries, DecisionEntry, "decisions", head, KEYS)


def test_a_whole_chain() -> None:
    assert _verify(ENTRIES) == LENGTH
    assert _verify([], START) == 0
    # Entries appended after the head was read.
    assert _verify(ENTRIES, Head(3, ENTRIES[2].hash)) == LENGTH


@settings(deadline=None)
@given(order=st.lists(st.sampled_from(ENTRIES), max_size=LENGTH + 1))
def test_entries_dropped_repeated_or_moved(order: list[StoredEntry]) -> None:
    assume(order != ENTRIES)
    with pytest.raises(BrokenRecordError):
        _verify(order)


@settings(deadline=None)
@given(place=st.integers(0, LENGTH - 1), at=st.integers(0), value=st.integers(1, 255))
def test_any_byte_of_a_payload(place: int, at: int, value: int) -> None:
    entries = list(ENTRIES)
    payload = bytearray(entries[place].payload)
    payload[at % len(payload)] ^= value
    entries[place] = entries[place]._replace(payload=bytes(payload))
    with pytest.raises(BrokenRecordError, match=f"decisions record {place + 1} .* was changed"):
        _verify(entries)


@pytest.mark.parametrize("bundle", [None, b"", b"x", ENTRIES[1].bundle])
def test_other_rows_or_none(bundle: bytes | None) -> None:
    with pytest.raises(
        BrokenRecordError, match="record 3 .* cannot be read: its rows (are missing|were changed)"
    ):
        _verify([*ENTRIES[:2], ENTRIES[2]._replace(bundle=bundle), *ENTRIES[3:]])


def test_an_entry_without_a_key_that_is_known() -> None:
    with pytest.raises(
        BrokenRecordError, match=f"record 1 .* signed with the key {KEY.id}, which is not known"
    ):
        verify(ENTRIES, DecisionEntry, "decisions", HEAD, Keyring(Key(b"another key")))


@pytest.mark.parametrize("name", sorted(ENTRIES[0].columns.keys() - {"review"}))
def test_every_column_is_compared_with_the_payload(name: str) -> None:
    entry = ENTRIES[2]
    for other in (None, "x", 7, not entry.columns[name]):
        changed = entry._replace(columns={**entry.columns, name: other})
        with pytest.raises(BrokenRecordError, match=f"was changed: its column {name} does not match"):
            check(changed, DecisionEntry, KEYS)


def test_a_column_added_later_changes_nothing() -> None:
    entry = ENTRIES[0]._replace(columns={**ENTRIES[0].columns, "added_later": None})
    assert check(entry, DecisionEntry, KEYS).applicant_id == 1


def test_an_entry_put_in_place_of_another_with_a_hash_of_its_own() -> None:
    # By somebody who has the key, on a copy.
    entry = _chain()[1]
    assert entry.hash != ENTRIES[1].hash
    entry = entry._replace(previous_hash=ENTRIES[0].hash)
    own = entry_hash("decisions", 2, ENTRIES[0].hash, sha256(entry.payload), key=KEY)
    entry = entry._replace(hash=own)
    with pytest.raises(BrokenRecordError, match=r"record 3 .* does not follow"):
        _verify([ENTRIES[0], entry, *ENTRIES[2:]])
    with pytest.raises(BrokenRecordError, match="record 2 .* is not the one that was recorded at this place"):
        _verify([ENTRIES[0], entry], Head(2, ENTRIES[1].hash))


def test_an_entry_of_another_format_or_place() -> None:
    for changes in (
        {"format": 1},
        {"format": 2},
        {"format": 3},
        {"format": 4},
        {"format": 6},
        {"format": "x"},
        {"sequence": 2},
        {"chain": "reviews"},
    ):
        with pytest.raises(BrokenRecordError):
            check(ENTRIES[0]._replace(**changes), DecisionEntry, KEYS)


def test_the_place_of_an_entry_of_format_1_is_in_its_payload() -> None:
    payload = canonical({"chain": "decisions", "sequence": 1, "previous_hash": START.hash}).encode()
    own = hashlib.sha256(payload).hexdigest()
    entry = StoredEntry("decisions", 2, 1, payload, START.hash, own, {})
    with pytest.raises(BrokenRecordError, match="its hash does not match"):
        check(entry, DecisionEntry, KEYS)
    with pytest.raises(BrokenRecordError, match="cannot be read"):
        check(entry._replace(sequence=1), DecisionEntry, KEYS)
    for content in (b"[]", b"1", b"not JSON", b"\xff"):
        changed = entry._replace(payload=content, hash=hashlib.sha256(content).hexdigest())
        with pytest.raises(BrokenRecordError):
            check(changed, DecisionEntry, KEYS)


def test_what_cannot_be_read_can_be_exported_in_part_only() -> None:
    with pytest.raises(BrokenRecordError, match="decisions record 1 .* cannot be read"):
        exported(ENTRIES[0]._replace(payload=b"not JSON"), KEYS)
