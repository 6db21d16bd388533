"""Compares the bits of features in the table, by the reused Polars plan, and by the functions for requests.

    python benchmarks/exactness.py --tables DIR [--applicants 1000] [--timed 100] [--least-rows 0]

Compares the whole table streamed and in memory; some applicants by the functions that answer requests with their
rows of the table, one of them with 5,000 instalments and one without any history; and, of ``--timed`` applicants,
both engines in turn with each other, in CPU seconds. Prints how many cells differ, of how many, and the ratio of
times, and exits with 1 where any cell differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from home_credit.features.build import KeptPlan, feature_matrix, plan
from home_credit.features.request import NAMES, RequestFeatures
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, table
from home_credit.tables.source import open_tables
from home_credit.terms.frames import learn_terms
from support.bits import differing  # the comparison of the tests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Frames = Mapping[str, pl.DataFrame]

INSTALMENTS = 5_000


def rows_of(frames: Mapping[str, pl.LazyFrame], applicants: pl.Series) -> dict[str, pl.DataFrame]:
    """Return the rows of some applicants in all tables; the first gets many instalments, the second no history."""
    chosen = applicants.implode()
    rows = {
        name: frame.filter(pl.col(ID).is_in(chosen)).collect()
        for name, frame in frames.items()
        if ID in table(name).columns
    }
    held = rows["bureau"]["SK_ID_BUREAU"].implode()
    rows["bureau_balance"] = frames["bureau_balance"].filter(pl.col("SK_ID_BUREAU").is_in(held)).collect()
    instalments = rows["installments_payments"]
    many = pl.concat([instalments] * (INSTALMENTS // len(instalments) + 1)).head(INSTALMENTS)
    many = many.with_columns(
        pl.lit(applicants[0], pl.Int64).alias(ID),
        NUM_INSTALMENT_NUMBER=pl.int_range(pl.len(), dtype=pl.Int64) // 2,
    )
    without = {
        name: rows[name].filter(pl.col(ID) != applicants[1])
        for name in HISTORIES
        if ID in table(name).columns
    }
    others = without["installments_payments"].filter(pl.col(ID) != applicants[0])
    return {**rows, **without, "installments_payments": pl.concat([others, many])}


def one_by_one(
    frames: Frames, applicants: pl.Series
) -> Iterator[tuple[dict[str, pl.DataFrame], tuple[Any, Any]]]:
    """Yield each applicant's rows as frames, and as a request brings them: an application and columns of histories."""
    parts = {name: rows.partition_by(ID, as_dict=True) for name, rows in frames.items() if ID in rows.columns}
    for applicant in applicants:
        own = {name: part.get((applicant,), frames[name].head(0)) for name, part in parts.items()}
        held = own["bureau"]["SK_ID_BUREAU"].implode()
        own["bureau_balance"] = frames["bureau_balance"].filter(pl.col("SK_ID_BUREAU").is_in(held))
        columns = {name: {column.name: column.to_list() for column in own[name]} for name in HISTORIES}
        yield own, (own[APPLICATION].to_dicts()[0], columns)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--applicants", type=int, default=1000)
    parser.add_argument("--timed", type=int, default=100)
    parser.add_argument(
        "--least-rows", type=int, default=0, help="rows of the histories that a chosen applicant has"
    )
    arguments = parser.parse_args()
    with open_tables(arguments.tables, "all") as source:
        terms = learn_terms(source.frames["previous_application"])
        streamed = feature_matrix(source.frames, source.applicants[ID], terms)
        in_memory = plan(source.frames, terms).collect(engine="in-memory").sort(ID)
        counts = pl.concat(
            frame.select(ID)
            for name, frame in source.frames.items()
            if name != APPLICATION and ID in table(name).columns
        )
        held = counts.group_by(ID).len().filter(pl.col("len") >= arguments.least_rows).collect()
        applicants = source.applicants.join(held, on=ID, how="semi" if arguments.least_rows else "left")[ID]
        chosen = applicants.sample(min(arguments.applicants, len(applicants)), seed=1)
        frames = rows_of(source.frames, chosen)
    apart = differing(streamed, in_memory)
    print(f"streaming against in memory: {apart} of {streamed.height * streamed.width:,} cells differ")

    together = feature_matrix({name: rows.lazy() for name, rows in frames.items()}, chosen, terms)
    kept, request = KeptPlan(terms, "in-memory"), RequestFeatures(terms)
    computed: list[list[Any]] = []
    by_plan: list[pl.DataFrame] = []
    seconds = np.zeros((2, min(arguments.timed, len(chosen))))
    for number, (own, asked) in enumerate(one_by_one(frames, chosen)):
        computed.append(request.compute(*asked))
        if number >= arguments.timed:
            continue
        for side in (0, 1) if number % 2 else (1, 0):
            began = time.process_time_ns()
            if side == 0:
                by_plan.append(kept.compute(own))
            else:
                request.compute(*asked)
            seconds[side, number] = (time.process_time_ns() - began) / 1e9
    types = {name: dtype for name, dtype in together.schema.items() if name != ID}
    alone = pl.DataFrame(computed, schema={name: types[name] for name in NAMES}, orient="row")
    alone = alone.with_columns(pl.col(pl.Float64).fill_nan(None), chosen.alias(ID)).sort(ID)
    wrong = differing(together, alone)
    print(
        f"{len(chosen)} applicants by the functions of requests against their rows of a table: {wrong} of {alone.height * len(NAMES):,} cells differ"
    )
    planned = pl.concat(by_plan).sort(ID)
    unequal = differing(planned, alone.filter(pl.col(ID).is_in(planned[ID].implode())))
    print(
        f"{len(planned)} applicants by the kept plan against those functions: {unequal} of {planned.height * len(NAMES):,} cells differ"
    )
    for name, side in (("kept Polars plan", seconds[0]), ("functions of requests", seconds[1])):
        print(
            f"{name}: median {1e3 * np.median(side):.2f} ms of CPU, 95 % {1e3 * np.quantile(side, 0.95):.2f} ms"
        )
    print(
        f"ratio of medians {np.median(seconds[0]) / np.median(seconds[1]):.0f}, of sums {seconds[0].sum() / seconds[1].sum():.0f}; {len(NAMES)} features"
    )
    print(", ".join(f"{name} {version(name)}" for name in ("polars", "narwhals", "numpy")))
    sys.exit(1 if apart or wrong or unequal else 0)


if __name__ == "__main__":
    main()
