"""The tables of docs/monitoring.md from the lines that benchmarks/monitoring.py wrote.

python benchmarks/monitoring_table.py FILE...
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

SIZES = (500, 5_000, 48_744)
Lines = list[dict[str, Any]]


def main() -> None:
    """Print both tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    grouped: defaultdict[tuple[int, str], defaultdict[int, Lines]] = defaultdict(lambda: defaultdict(list))
    for file in parser.parse_args().files:
        for text in file.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            grouped[line["number"], line["scenario"]][line["size"]].append(line)
    print(
        "| scenario | ours, 500 / 5,000 / 48,744 | fixed PSI limits | Evidently: alarm | its columns | seen first by |"
    )
    print("|---|---|---|---|---|---|")
    for (_, name), sizes in sorted(grouped.items()):
        print(detection(name, sizes))
    print(
        "\n| scenario | realised AUC | estimated | covers | default rate | covers | cost | covers | reliable |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for (_, name), sizes in sorted(grouped.items()):
        print(performance(name, sizes[5_000]))
    counts = Counter(len(lines) for sizes in grouped.values() for lines in sizes.values())
    print(f"\nRepetitions of a scenario and size, and how many had them: {dict(sorted(counts.items()))}")


def detection(name: str, sizes: dict[int, Lines]) -> str:
    """Return the row of a scenario: shares of alarms in per cent by size."""
    ours = " / ".join(per_cent(line["alarm"] for line in sizes[size]) for size in SIZES)
    fixed = " / ".join(per_cent(line["previous"] for line in sizes[size]) for size in SIZES)
    peers = {size: [line["evidently"] for line in sizes[size] if "evidently" in line] for size in SIZES}
    alarms = " / ".join(per_cent(each["alarm"] for each in peers[size]) for size in SIZES)
    columns = " / ".join(
        f"{mean(each['columns'] for each in peers[size]):.0f}" if peers[size] else "–" for size in SIZES
    )
    seen = Counter(detector for line in sizes[5_000] for detector in line["detectors"])
    said = ", ".join(detector for detector, count in seen.most_common(3) if count >= len(sizes[5_000]) / 2)
    return f"| {name} | {ours} | {fixed} | {alarms} | {columns} | {said or '–'} |"


def performance(name: str, lines: Lines) -> str:
    """Return the row of a scenario: means over windows of 5,000, and how often the interval covers the outcome."""
    cells = []
    for figure, form in (("auc", ".3f"), ("default_rate", ".3f"), ("cost", ".3f")):
        real = [line["realised"][figure] for line in lines]
        expected = [line["expected"][figure] for line in lines]
        within = per_cent(
            each["low"] <= value <= each["high"] for each, value in zip(expected, real, strict=True)
        )
        estimated = mean(each["value"] for each in expected)
        cells += [f"{mean(real):{form}}", f"{estimated:{form}}", within] if figure == "auc" else [
            f"{mean(real):{form}} / {estimated:{form}}", within
        ]  # fmt: skip
    return f"| {name} | {' | '.join(cells)} | {per_cent(line['expected']['reliable'] for line in lines)} |"


def per_cent(flags: Any) -> str:
    """Return a share in per cent."""
    values = [bool(flag) for flag in flags]
    return f"{100 * mean(values):.0f}" if values else "–"


if __name__ == "__main__":
    main()
