"""Do one applicant's features have the same bits alone, in the table, streamed and in memory?

    python benchmarks/exactness.py --tables DIR [--alone 300]

Prints how many cells differ, of how many, and exits with 1 where any does.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from home_credit.applicants.parquet import ApplicantStore
from home_credit.features.build import feature_matrix, plan
from home_credit.features.request import RequestFeatures
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables
from home_credit.terms.frames import learn_terms


def bits(frame: pl.DataFrame) -> pl.DataFrame:
    """Return floats as their 64 bits, so that equality is that of bits."""
    return frame.with_columns(
        pl.col(name).reinterpret(dtype=pl.UInt64)
        for name, dtype in frame.schema.items()
        if dtype == pl.Float64
    )


def differing(one: pl.DataFrame, other: pl.DataFrame) -> int:
    """Return the number of cells that differ in any bit."""
    left, right = bits(one), bits(other.select(one.columns))
    return sum(int((~left[name].eq_missing(right[name])).sum()) for name in one.columns)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--alone", type=int, default=300)
    arguments = parser.parse_args()
    with open_tables(arguments.tables, "train") as source:
        applicants = source.applicants[ID]
        terms = learn_terms(source.frames["previous_application"])
        streamed = feature_matrix(source.frames, applicants, terms)
        in_memory = plan(source.frames, terms).collect(engine="in-memory").sort(ID)
    cells = streamed.height * streamed.width
    found = differing(streamed, in_memory)
    print(f"streaming against in memory: {found} of {cells:,} cells differ")

    portfolio, features = ApplicantStore(arguments.tables), RequestFeatures(terms)
    chosen = applicants.sample(min(arguments.alone, len(applicants)), seed=1)
    alone, times = [], []
    for applicant in chosen:
        parsed = parse_bundle(portfolio.bundle(applicant))
        began = time.process_time()
        values = features.compute(parsed.application, parsed.histories)
        times.append(time.process_time() - began)
        alone.append([applicant, *values])
    together = streamed.filter(pl.col(ID).is_in(chosen.implode()))
    by_request = pl.DataFrame(alone, schema=together.schema, orient="row").fill_nan(None).sort(ID)
    apart = differing(together, by_request)
    print(
        f"{len(chosen)} applicants alone against the table: {apart} of {together.height * together.width:,} cells differ"
    )
    print(
        f"one applicant, {streamed.width - 1} features: CPU median {1e3 * np.median(times):.1f} ms, 95 % {1e3 * np.quantile(times, 0.95):.1f} ms"
    )
    print(", ".join(f"{name} {version(name)}" for name in ("polars", "narwhals", "numpy")))
    sys.exit(1 if found or apart else 0)


if __name__ == "__main__":
    main()
