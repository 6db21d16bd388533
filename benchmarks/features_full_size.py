"""Features of full-size tables, ours against plain pandas: wall and CPU seconds, peak memory, agreement.

    home-credit demo --out DIR --applicants 356255 --seed 2018
    python benchmarks/features_full_size.py --tables DIR [--rounds 2]

Each side is a process of its own, the two alternate. Ours checks the tables and computes all features;
pandas checks nothing and computes those of the histories.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import polars as pl

ID = "SK_ID_CURR"
OURS = [sys.executable, "-c", "from home_credit.cli import main; main()", "features"]
PANDAS = [sys.executable, str(Path(__file__).with_name("pandas_features.py"))]
# Ours rounds ratios to a millionth before they are averaged, and amounts to the cent: real tables have a few
# with a third decimal.
TOLERANCE = 2e-6


def run(command: list[str], tables: Path, out: Path) -> tuple[float, float, float]:
    """Run one side; returns wall seconds, CPU seconds and peak resident GiB."""
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, "--tables", str(tables), "--out", str(out)], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


def disagreeing(ours: Path, theirs: Path) -> dict[str, float]:
    """Return the features whose values differ by more than the tolerance, with the share of rows."""
    left, right = pl.read_parquet(ours).sort(ID), pl.read_parquet(theirs).sort(ID)
    found = {}
    for name in right.columns:
        a, b = left[name], right[name]
        if a.dtype == pl.String:
            differ = ~a.eq_missing(b)
        else:
            a, b = a.cast(pl.Float64).fill_null(-0.5), b.cast(pl.Float64).fill_nan(None).fill_null(-0.5)
            differ = (a - b).abs() > TOLERANCE * (1.0 + b.abs())
        if differ.any():
            found[name] = differ.mean()
    return found


def main() -> None:
    """Alternate the two sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    sides = {"home-credit features": OURS, "plain pandas": PANDAS}
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as folder:
        outs = {name: Path(folder) / f"{place}.parquet" for place, name in enumerate(sides)}
        for _ in range(arguments.rounds):
            for name, command in sides.items():
                seen[name].append(run(command, arguments.tables, outs[name]))
        differing = disagreeing(*outs.values())
    print("| | wall s | CPU s | peak GiB |\n|---|---|---|---|")
    medians = {
        name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in seen.items()
    }
    for name, (wall, cpu, peak) in medians.items():
        print(f"| {name} | {wall:.0f} | {cpu:.0f} | {peak:.2f} |")
    ours, theirs = medians.values()
    print("| ratio | " + " | ".join(f"{b / a:.1f}" for a, b in zip(ours, theirs, strict=True)) + " |")
    print(
        f"{len(differing)} features differ by more than {TOLERANCE:.0e}, the most in {max(differing.values(), default=0.0):.2%} of rows"
    )
    print(", ".join(f"{name} {version(name)}" for name in ("polars", "narwhals", "pandas", "numpy")))


if __name__ == "__main__":
    main()
