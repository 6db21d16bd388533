"""Whatever is within the ranges of the schema can be decided on, and everything known is within them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings

from home_credit.features.request import NAMES, RequestFeatures
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET
from home_credit.terms.learning import learn
from support.loans import price_list
from support.ranges import bundles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def request_features() -> RequestFeatures:
    return RequestFeatures(learn(price_list(0, seed=1)))


@given(bundle=bundles())
@settings(max_examples=30, deadline=None)
def test_no_feature_of_values_in_their_ranges_is_infinite(
    request_features: RequestFeatures, bundle: dict[str, Any]
) -> None:
    parsed = parse_bundle(json.loads(json.dumps(bundle)))
    features = request_features.features(parsed.application, request_features.history(parsed.histories))
    infinite = {
        name: value
        for name, value in zip(NAMES, features, strict=True)
        if isinstance(value, float) and math.isinf(value)
    }
    assert infinite == {}


@pytest.mark.real_rows
def test_every_kind_of_real_row_is_accepted_in_a_request(real_tables: Path) -> None:
    """The rows with the least and the largest value of each column, as requests of one applicant."""
    for file in ("application_train", "application_test"):
        for row in _extremes(real_tables / f"{file}.parquet"):
            parse_bundle({APPLICATION: {name: value for name, value in row.items() if name != TARGET}})
    application = _extremes(real_tables / "application_test.parquet")[0]
    for name in HISTORIES:
        rows = [
            {**row, ID: application[ID]} if ID in row else row
            for row in _extremes(real_tables / f"{name}.parquet")
        ]
        key = {"bureau": "SK_ID_BUREAU", "previous_application": "SK_ID_PREV"}.get(name)
        renamed = [{**row, key: place} if key else row for place, row in enumerate(rows)]
        accepted = parse_bundle({APPLICATION: application, name: renamed})
        assert not [warning for warning in accepted.warnings if "not a known value" in warning]


def _extremes(path: Path) -> list[dict[str, Any]]:
    frame = pl.read_parquet(path)
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    places = frame.select(
        pl.col(numbers).arg_min().name.suffix("/least"), pl.col(numbers).arg_max().name.suffix("/largest")
    )
    return frame[sorted(set(places.row(0)) - {None})].to_dicts()
