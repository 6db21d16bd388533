"""Reads stored records of all formats into the models of the present one.

Each upgrade is frozen: it describes records that are already stored, so it does not depend on settings or on the
present policy. Format 1 is that of version 1.0, whose payload is the JSON text that it hashed. From format 4 on a
payload is the time of the record, and the other fields as JSON, compressed by LZ4 and encrypted; those of an erasure
are plain.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lz4.block import compress, decompress
from pydantic import ValidationError

from home_credit.errors import BrokenRecordError
from home_credit.invalid import first_fault
from home_credit.ledger.bundles import StoredBundle
from home_credit.ledger.parsing import UNREADABLE, parse
from home_credit.ledger.records import FORMAT, TIME_BYTES, DecisionEntry, ErasureEntry, ReviewEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from home_credit.ledger.encryption import DataKey

    Json = Mapping[str, Any]  # a parsed payload, before a model has checked it
    Upgrade = Callable[[Json], Json]

T = TypeVar("T", DecisionEntry, ReviewEntry, ErasureEntry)

ENCRYPTED_FROM = 4
# The default costs of version 1.0.
COSTS_1: Final = {"false_negative": 10.0, "false_positive": 1.0, "review": 0.85}


def read(
    model: type[T],
    number: int,
    payload: bytes,
    bundle: bytes | None = None,
    *,
    key: DataKey | None = None,
    decode: bool = True,
) -> T:
    """Return the record that ``payload``, of format ``number``, holds.

    From format 3 on the rows of a decision are in ``bundle``, beside the payload. Without it, and without ``decode``,
    the record that is returned has no rows; ``bundle`` is compared with the payload in any case. From format 4 on both
    are encrypted with ``key``.

    Raises :class:`~home_credit.errors.BrokenRecordError` where the payload holds no record, has an unknown format, is
    not of this key, or not of these rows.
    """
    upgrades: Mapping[int, Upgrade] = _UPGRADES[model]
    if number not in {*upgrades, FORMAT}:
        raise BrokenRecordError(f"format {number} is not known; this version reads formats 1 to {FORMAT}")
    try:
        content = parse(payload) if number < ENCRYPTED_FROM else fields(payload, key)
        if content.get("format", 1) != number:
            raise BrokenRecordError(f"the payload is of format {content['format']}, not {number}")
        for older in range(number, FORMAT):
            content = upgrades[older](content)
        if model is DecisionEntry and number >= 3:
            content = {**content, "bundle": _rows(content["bundle"], bundle, key, decode=decode)}
        return model.model_validate(content)
    except ValidationError as error:
        raise BrokenRecordError(f"it is not a record of format {number}: {first_fault(error)}") from error
    except UNREADABLE as error:
        raise BrokenRecordError(f"it is not a record of format {number}: {error!r}") from error


def encrypted(content: bytes, key: DataKey | None) -> bytes:
    """Return what follows the time in a payload: ``content``, the JSON of a record without its time, for ``key``."""
    return content if key is None else key.encrypt(compress(content))


def fields(payload: bytes, key: DataKey | None) -> Json:
    """Return the fields of a payload that begins with its time; raises what taking it apart raises."""
    time, content = payload[:TIME_BYTES], payload[TIME_BYTES:]
    held = parse(content if key is None else decompress(key.decrypt(content)))
    return {**held, "recorded_at": time.decode()}


def _rows(reference: Json, content: bytes | None, key: DataKey | None, *, decode: bool) -> dict[str, Any]:
    if content is None:
        return {}
    if StoredBundle(reference["encoding"], content).digest != reference["sha256"]:
        raise BrokenRecordError("its rows were changed: their hash does not match the record")
    if not decode:
        return {}
    return StoredBundle(reference["encoding"], key.decrypt(content) if key else content).rows()


def _decision_1_to_2(content: Json) -> Json:
    assessment = content["assessment"]
    outcome = ("probability_of_default", "decision", "score", "grade", "reasons", "warnings")
    return {
        "format": 1,
        "decision_id": content["decision_id"],
        "recorded_at": content["recorded_at"],
        "applicant_id": assessment["SK_ID_CURR"],
        "bundle": content["bundle"],
        "assessment": {name: assessment[name] for name in outcome},
        "policy": _policy_1(assessment),
        "model_version": content["model_version"],
        "simulation": assessment["simulation"],
    }


def _policy_1(assessment: Json) -> Json:
    """Return the policy behind an assessment of version 1.0, which recorded the cut-off and the outcome alone.

    The cut-off is known; the costs were settings. If the recorded decision follows from the band of the default
    costs, that band is returned. Otherwise the costs were different, and the result is what the decision proves: for
    a referral, that the band, which always touches the cut-off, reached this probability; for any other decision,
    that it did not, which the absence of a band expresses as well.
    """
    cut_off, probability = assessment["cut_off"], assessment["probability_of_default"]
    referred = assessment["decision"] == "review"
    low = min(COSTS_1["review"] / COSTS_1["false_negative"], cut_off)
    high = max(1.0 - COSTS_1["review"] / COSTS_1["false_positive"], cut_off)
    policy = {"cut_off": cut_off, "version": None}
    if (low <= probability < high) == referred:
        return policy | {"review_band": (low, high) if low < high else None, "costs": COSTS_1}
    proven = (min(probability, cut_off), max(math.nextafter(probability, math.inf), cut_off))
    return policy | {"review_band": proven if referred else None, "costs": None}


def _same(content: Json) -> Json:
    """Return a record as it is: format 3 has the rows beside the payload, fewer reasons, and more fields.

    Format 4 has more fields of a review, and format 5 the time of a simulated history; they have defaults.
    """
    return content


def _review_1_to_2(content: Json) -> Json:
    return {
        "format": 1,
        "decision_id": content["decision_id"],
        "recorded_at": content["recorded_at"],
        **content["review"],
    }


_UPGRADES: Final[Mapping[type, Mapping[int, Upgrade]]] = {
    DecisionEntry: {1: _decision_1_to_2, 2: _same, 3: _same, 4: _same},
    ReviewEntry: {1: _review_1_to_2, 2: _same, 3: _same, 4: _same},
    ErasureEntry: {4: _same},
}
