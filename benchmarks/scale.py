"""How cost grows with applicants and history rows: one machine, Spark with one and two workers, and more of them.

    home-credit demo --out DIR --applicants 356255 --seed 2018
    python benchmarks/scale.py --tables DIR [--halvings 6] [--rounds 2] [--spark] [--into docs/scale.md]

Takes every 64th applicant of DIR with all rows, every 32nd and so on up to all, and runs `home-credit features` over
each in a process of its own, in turn. CPU and wall time and peak memory are the process's own, by wait4. With --spark it
starts a standalone master with one worker of one core, then with two, and runs the same over two sizes; CPU seconds
are those of all processes of the cluster. Prints the tables of docs/scale.md, or writes them into it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from cluster_model import Costs, least_s, wall_s
from features_full_size import Cost, run
from scipy.optimize import curve_fit

from home_credit.tables.schema import HISTORIES, ID, TEST, TRAIN

MODELS = Path(__file__).parents[1] / "models"
FEATURES = [
    sys.executable,
    "-c",
    "from home_credit.cli.main import main; main()",
    "features",
    "--models",
    str(MODELS),
]
WORKERS = [sys.executable, str(Path(__file__).with_name("spark_side.py"))]
MORE = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
FIFTY_MILLION = 50_000_000


class Size(NamedTuple):
    """One size: every so many applicants, and what the runs over them took."""

    every: int
    tables: Path
    applicants: int
    rows: int
    cost: Cost


class Spark(NamedTuple):
    """A run on a cluster: CPU seconds of all its processes, and seconds of its parts."""

    workers: int
    applicants: int
    cpu_s: float
    wall_s: float
    start_s: float
    exchange_s: float
    compute_s: float
    jobs: int
    exchange_bytes: int
    differing: int


class Fit(NamedTuple):
    """A slope with its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f}"


def part(tables: Path, every: int, to: Path) -> tuple[int, int]:
    """Write the rows of every so many applicants to the folder ``to``; return the numbers of applicants and rows."""
    to.mkdir()
    chosen = (pl.col(ID) % every) == 0
    rows: dict[str, int] = {}
    bureau = pl.scan_parquet(tables / "bureau.parquet").filter(chosen).select("SK_ID_BUREAU")
    for name in (TRAIN, TEST, *HISTORIES):
        table = pl.scan_parquet(tables / f"{name}.parquet")
        own = (
            table.join(bureau, on="SK_ID_BUREAU", how="semi")
            if name == "bureau_balance"
            else table.filter(chosen)
        )
        own.sink_parquet(to / f"{name}.parquet")
        rows[name] = pl.scan_parquet(to / f"{name}.parquet").select(pl.len()).collect().item()
    return rows[TRAIN] + rows[TEST], sum(rows.values())


def written(out: Path, every: int) -> Path:
    """Return where the features of one size are written, to be compared with those of Spark."""
    return out / f"features-{every}.parquet"


def measure(parts: list[tuple[int, Path, int, int]], rounds: int, out: Path) -> list[Size]:
    """Run over every size in turn, from the smallest to the largest and back."""
    costs: dict[int, list[Cost]] = {every: [] for every, *_ in parts}
    for number in range(rounds):
        for every, tables, applicants, _ in parts if number % 2 == 0 else reversed(parts):
            cost = run(FEATURES, tables, written(out, every))
            costs[every].append(cost)
            print(f"round {number + 1}, {applicants:,} applicants: CPU {cost.cpu_s:.1f} s", file=sys.stderr)
    return [
        Size(every, tables, applicants, rows, Cost(*map(statistics.median, zip(*costs[every], strict=True))))
        for every, tables, applicants, rows in parts
    ]


def exponents(rows: list[int], seconds: list[float]) -> tuple[Fit, float, Fit]:
    """Fit time against rows: the slope of the logarithms, and a + b × rows^c by relative least squares.

    Returns the slope, a (what a run of nothing would take) and c.
    """
    x, y = np.array(rows, dtype=float), np.array(seconds)
    if len(rows) < 4:
        sys.exit("an exponent needs four sizes: --halvings 3 or more")
    (slope, _), covariance = np.polyfit(np.log(x), np.log(y), 1, cov=True)
    largest = x.max()

    def model(rows: np.ndarray, fixed: float, growing: float, power: float) -> np.ndarray:
        return np.asarray(fixed + growing * (rows / largest) ** power)

    found, errors = curve_fit(
        model,
        x,
        y,
        p0=(y.min() / 2, y.max(), 1.0),
        sigma=y,
        bounds=([0, 0, 0.5], [y.min(), np.inf, 2]),
        maxfev=10_000,
    )
    return Fit(slope, covariance[0, 0] ** 0.5), float(found[0]), Fit(found[2], errors[2, 2] ** 0.5)


def spark(tables: Path, applicants: int, expected: Path, workers: int) -> Spark:
    """Run over one size on a cluster of so many workers, in a process that waits for all others of it."""
    command = [*WORKERS, "--tables", str(tables), "--models", str(MODELS), "--workers", str(workers)]
    command += ["--expected", str(expected)]
    told = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    )
    print(f"Spark, {workers} workers, {applicants:,} applicants: {told}", file=sys.stderr)
    return Spark(workers, applicants, **told)


def costs_of(runs: list[Spark]) -> Costs:
    """Return the costs of the model from the runs with one worker over two sizes."""
    small, large = (each for each in runs if each.workers == 1)
    more = large.applicants - small.applicants
    return Costs(
        start_s=large.start_s,
        exchange_s=max(large.exchange_s - small.exchange_s, 0.0) / more,
        exchange_bytes=large.exchange_bytes / large.applicants,
        compute_s=max(large.compute_s - small.compute_s, 0.0) / more,
        job_s=max(small.compute_s - small.applicants * (large.compute_s - small.compute_s) / more, 0.0)
        / small.jobs,
    )


def sizes_table(sizes: list[Size]) -> str:
    lines = [
        "| share | applicants | rows of seven tables | CPU s | CPU s per million rows | exponent to the next | wall s | peak GiB |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size, next_ in zip(sizes, [*sizes[1:], None], strict=True):
        local = (
            ""
            if next_ is None
            else f"{np.log(next_.cost.cpu_s / size.cost.cpu_s) / np.log(next_.rows / size.rows):.2f}"
        )
        share = "1" if size.every == 1 else f"1/{size.every}"
        lines.append(
            f"| {share} | {size.applicants:,} | {size.rows:,} | {size.cost.cpu_s:.1f} | {size.cost.cpu_s / size.rows * 1e6:.2f}"
            f" | {local} | {size.cost.wall_s:.1f} | {size.cost.peak_gib:.2f} |"
        )
    return "\n".join(lines)


def fit_table(sizes: list[Size]) -> str:
    rows = [size.rows for size in sizes]
    lines = ["| | slope of logarithms | fixed s | exponent beside the fixed part |", "|---|---:|---:|---:|"]
    for name, seconds in (
        ("CPU time", [size.cost.cpu_s for size in sizes]),
        ("wall time", [size.cost.wall_s for size in sizes]),
    ):
        slope, fixed, power = exponents(rows, seconds)
        lines.append(f"| {name} | {slope} | {fixed:.1f} | {power} |")
    return "\n".join(lines)


def spark_table(runs: list[Spark]) -> str:
    lines = [
        "| workers | applicants | CPU s | wall s | start s | checking and dealing s | computing s | jobs | MB dealt | cells that differ |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {each.workers} | {each.applicants:,} | {each.cpu_s:.0f} | {each.wall_s:.0f} | {each.start_s:.0f} | {each.exchange_s:.0f}"
        f" | {each.compute_s:.0f} | {each.jobs} | {each.exchange_bytes / 1e6:.0f} | {each.differing} |"
        for each in runs
    ]
    return "\n".join(lines)


def more_table(costs: Costs, applicants: int) -> str:
    lines = [
        f"| workers | {applicants:,} applicants, wall s | efficiency | {FIFTY_MILLION:,} applicants, wall h | efficiency |",
        "|---:|---:|---:|---:|---:|",
    ]
    for workers in MORE:
        few, many = wall_s(costs, applicants, workers), wall_s(costs, FIFTY_MILLION, workers)
        lines.append(
            f"| {workers} | {few:,.0f} | {least_s(costs, applicants, workers) / few:.0%}"
            f" | {many / 3600:,.2f} | {least_s(costs, FIFTY_MILLION, workers) / many:.0%} |"
        )
    return "\n".join(lines)


def price_table(sizes: list[Size], runs: list[Spark], price: float) -> str:
    sides = {
        "one machine": (sizes[0].cost.cpu_s, sizes[0].applicants, sizes[-1].cost.cpu_s, sizes[-1].applicants)
    }
    for workers in sorted({each.workers for each in runs}):
        small, large = (each for each in runs if each.workers == workers)
        sides[f"Spark, {workers} worker{'s' if workers > 1 else ''}"] = (
            small.cpu_s,
            small.applicants,
            large.cpu_s,
            large.applicants,
        )
    lines = [
        "| | CPU s per thousand applicants | core-hours of fifty million | price |",
        "|---|---:|---:|---:|",
    ]
    for name, (few_s, few, many_s, many) in sides.items():
        each = (many_s - few_s) / (many - few)
        hours = each * FIFTY_MILLION / 3600
        lines.append(f"| {name} | {each * 1000:.2f} | {hours:.1f} | {hours * price:.2f} |")
    return "\n".join(lines)


def write(document: Path, tables: dict[str, str]) -> None:
    """Put the tables between the marks of their names in a Markdown file."""
    text = document.read_text(encoding="utf-8")
    for name, table in tables.items():
        marks = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text, found = marks.subn(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)  # type: ignore[misc]
        if not found:
            sys.exit(f"{document} has no marks of {name}")
    document.write_text(text, encoding="utf-8")


def main() -> None:
    """Measure, fit and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True, help="folder of tables in Parquet")
    parser.add_argument("--halvings", type=int, default=6, help="the smallest size is 1 / 2^halvings")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--spark", action="store_true", help="one and two workers, too")
    parser.add_argument(
        "--spark-every", type=int, nargs=2, default=(16, 4), help="the two sizes for Spark, the smaller first"
    )
    parser.add_argument("--price", type=float, default=0.05, help="of a core-hour")
    parser.add_argument("--into", type=Path, help="Markdown file to write the tables into")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = []
        for halving in range(arguments.halvings, -1, -1):
            every = 2**halving
            tables = arguments.tables if every == 1 else folder / f"every-{every}"
            counted = part(arguments.tables, every, folder / f"every-{every}")
            parts.append((every, tables, *counted))
        sizes = measure(parts, arguments.rounds, folder)
        runs = []
        if arguments.spark:
            by_share = {size.every: size for size in sizes}
            chosen = [by_share[every] for every in arguments.spark_every]
            runs = [
                spark(size.tables, size.applicants, written(folder, size.every), workers)
                for workers in (1, 2)
                for size in chosen
            ]
    tables = {"sizes": sizes_table(sizes), "fit": fit_table(sizes)}
    if runs:
        tables |= {"spark": spark_table(runs), "more": more_table(costs_of(runs), sizes[-1].applicants)}
    tables["price"] = price_table(sizes, runs, arguments.price)
    tables["conditions"] = (
        f"{len(os.sched_getaffinity(0))} cores, medians of {arguments.rounds} rounds; {arguments.price} a core-hour. Python"
        f" {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("polars", "pyspark", "numpy"))
        + "."
    )
    if arguments.into:
        write(arguments.into, tables)
    for name, table in tables.items():
        print(f"<!-- {name} -->\n{table}\n<!-- /{name} -->\n")


if __name__ == "__main__":
    main()
