"""Features of full-size tables: time and memory, and a sample of them against plain pandas.

    home-credit demo --out DIR --applicants 356255 --seed 2018
    python benchmarks/features_full_size.py --tables DIR [--rounds 2]

The sides alternate, each run a process of its own on all the cores that this one may use. The first computes and
writes every feature of every applicant; the other two the same sample, which has every kind of aggregate over every
table (``pandas_features.SAMPLE``). The package checks the tables first, pandas does not. At the end all cells of the
sample are compared. Exits with 1 where they disagree.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

# Nothing large is imported before the runs are over: Linux counts the parent's memory at the moment of
# the spawn towards the child's peak.
ID = "SK_ID_CURR"
SIDES = {
    "all features": [sys.executable, str(Path(__file__)), "--every"],
    "sample, ours": [sys.executable, str(Path(__file__)), "--sample"],
    "sample, pandas": [sys.executable, str(Path(__file__).with_name("pandas_features.py"))],
}
# The package rounds ratios of single rows to millionths before aggregating them; everything else is exact.
ABSOLUTE, RELATIVE = 1e-6, 1e-9


class Cost(NamedTuple):
    """Time and memory of one run."""

    wall_s: float
    cpu_s: float
    peak_gib: float


def run(command: list[str], tables: Path, out: Path) -> Cost:
    """Run one side to its end in a process of its own."""
    began = time.monotonic()
    arguments = [*command, "--tables", str(tables), "--out", str(out)]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {process.returncode}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)  # KiB on Linux


def compute(tables: Path, out: Path, *, every: bool) -> None:
    """Check the tables, compute and write features, in the process of one side of the package."""
    from pandas_features import SAMPLE  # noqa: PLC0415  # see above

    from home_credit.features.build import feature_batches  # noqa: PLC0415  # see above
    from home_credit.tables.sink import write_batches  # noqa: PLC0415  # see above
    from home_credit.tables.source import open_tables  # noqa: PLC0415  # see above
    from home_credit.terms.frames import learn_terms  # noqa: PLC0415  # see above

    with open_tables(tables, "all") as source:
        terms = learn_terms(source.frames["previous_application"])
        names = None if every else SAMPLE
        write_batches(feature_batches(source.frames, source.applicants[ID], terms, names=names), out)


def alternate(tables: Path, rounds: int, outs: dict[str, Path]) -> dict[str, list[Cost]]:
    """Run the sides in turn, the first one of a round being the second of the next."""
    costs: dict[str, list[Cost]] = {side: [] for side in SIDES}
    order = list(SIDES)
    for number in range(1, rounds + 1):
        for side in order:
            cost = run(SIDES[side], tables, outs[side])
            costs[side].append(cost)
            print(
                f"round {number}, {side}: {cost.wall_s:.1f} s, CPU {cost.cpu_s:.1f} s, {cost.peak_gib:.2f} GiB",
                file=sys.stderr,
            )
        order.reverse()
    return costs


def print_rows(tables: Path) -> None:
    """Print the number of rows of each table."""
    import polars as pl  # noqa: PLC0415  # see above

    from home_credit.tables.schema import HISTORIES  # noqa: PLC0415  # see above

    for name in ("application_train", "application_test", *HISTORIES):
        rows = pl.scan_parquet(tables / f"{name}.parquet").select(pl.len()).collect().item()
        print(f"{name:>24} {rows:>12,}")


def disagreements(ours: Path, theirs: Path) -> tuple[int, dict[str, int]]:
    """Return the number of cells compared, and the number that disagree of each feature that has any."""
    import polars as pl  # noqa: PLC0415  # see above

    left, right = pl.scan_parquet(ours), pl.scan_parquet(theirs)
    schema = left.collect_schema()
    names = [name for name in schema if name != ID]
    assert set(names) | {ID} == set(right.collect_schema()), "the sides have different features"
    assert left.select(ID).collect().equals(right.select(ID).collect()), "the sides have different applicants"
    found, cells = {}, 0
    for name in names:
        a, b = left.select(name).collect()[name], right.select(name).collect()[name]
        cells += len(a)
        if schema[name] == pl.String:
            same = a.eq_missing(b)
        else:
            a, b = a.fill_nan(None), b.fill_nan(None)
            bound = (a.abs() * RELATIVE).clip(lower_bound=ABSOLUTE)
            same = ((a - b).abs() <= bound).fill_null(value=False) | (a.is_null() & b.is_null())
        if not same.all():
            found[name] = int((~same).sum())
    return cells, found


def main() -> None:
    """Alternate the sides, print time and memory, compare the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)  # the arguments of a side of the package
    parser.add_argument("--every", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--sample", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.out:
        compute(arguments.tables, arguments.out, every=arguments.every)
        return
    with tempfile.TemporaryDirectory() as folder:
        outs = {side: Path(folder) / f"{number}.parquet" for number, side in enumerate(SIDES)}
        costs = alternate(arguments.tables, arguments.rounds, outs)
        _, ours, theirs = outs.values()
        cells, found = disagreements(ours, theirs)
    medians = {side: Cost(*map(statistics.median, zip(*runs, strict=True))) for side, runs in costs.items()}

    print_rows(arguments.tables)
    print("\n| | wall s | CPU s | peak GiB |\n|---|---:|---:|---:|")
    for side, cost in medians.items():
        print(f"| {side} | {cost.wall_s:.1f} | {cost.cpu_s:.1f} | {cost.peak_gib:.2f} |")
    _, sample, pandas = medians.values()
    times = (theirs / mine for mine, theirs in zip(sample, pandas, strict=True))
    print("| pandas over ours | " + " | ".join(f"{ratio:.1f}" for ratio in times) + " |")
    print(f"\nMedians of {arguments.rounds} alternating rounds, {len(os.sched_getaffinity(0))} cores.")
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("polars", "narwhals", "pandas", "numpy", "pyarrow")
    )
    print(f"Python {platform.python_version()}, {libraries}.")
    print(f"{sum(found.values()):,} of {cells:,} cells disagree" + (f": {found}" if found else "."))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
