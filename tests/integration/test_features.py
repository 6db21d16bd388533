"""An applicant's features alone are, bit for bit, the row of the full matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit.features.build import feature_batches, feature_matrix, plan
from home_credit.features.catalogue import CATALOGUE
from home_credit.features.request import NAMES, RequestFeatures
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import HISTORIES, ID
from home_credit.tables.source import open_tables
from home_credit.terms.frames import learn_terms
from support.bits import bits
from support.parquet_rows import ParquetRows

if TYPE_CHECKING:
    from pathlib import Path


def assert_alone_equals_table(tables: Path, applicants: int) -> int:
    with open_tables(tables, "train") as source:
        terms = learn_terms(source.frames["previous_application"])
        together = feature_matrix(source.frames, source.applicants[ID], terms)
    features, portfolio = RequestFeatures(terms), ParquetRows(tables)
    # Evenly spaced, so that low and high ids are included.
    chosen = together[ID].gather_every(max(1, len(together) // applicants)).head(applicants).to_list()
    without_history = 0
    alone = []
    for applicant in chosen:
        bundle = portfolio.bundle(applicant)
        without_history += not any(bundle[name] for name in HISTORIES)
        parsed = parse_bundle(bundle)
        alone.append([applicant, *features.compute(parsed.application, parsed.histories)])
    expected = together.filter(pl.col(ID).is_in(chosen))
    apart = pl.DataFrame(alone, schema=expected.schema, orient="row").fill_nan(None)
    assert [ID, *NAMES] == expected.columns
    assert bits(apart).equals(bits(expected), null_equal=True)
    return without_history


def test_alone_equals_table_on_demo_applicants(portfolio: Path) -> None:
    assert_alone_equals_table(portfolio, 250)


@pytest.mark.real_rows
def test_alone_equals_table_on_real_applicants(real_tables: Path) -> None:
    assert assert_alone_equals_table(real_tables, 250) >= 50


def test_streaming_equals_memory_and_batches_equal_the_whole(portfolio: Path) -> None:
    with open_tables(portfolio, "all") as source:
        terms = learn_terms(source.frames["previous_application"])
        whole = feature_matrix(source.frames, source.applicants[ID], terms)
        in_memory = plan(source.frames, terms).collect(engine="in-memory").sort(ID)
        batches = list(feature_batches(source.frames, source.applicants[ID], terms, 700))
    assert len(batches) == 3
    assert bits(whole).equals(bits(in_memory), null_equal=True)
    assert bits(pl.concat(batches)).equals(bits(whole), null_equal=True)


def test_the_matrix_has_every_feature_and_nothing_infinite(portfolio: Path) -> None:
    with open_tables(portfolio, "train") as source:
        terms = learn_terms(source.frames["previous_application"])
        rows = feature_matrix(source.frames, source.applicants[ID], terms)
    assert rows.columns == [ID, *CATALOGUE]
    numbers = rows.select(pl.col(pl.Float64))
    assert numbers.select(pl.all().is_finite().all()).row(0) == (True,) * numbers.width
