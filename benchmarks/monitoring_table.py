"""The tables of docs/monitoring.md from the lines that benchmarks/monitoring.py wrote.

    python benchmarks/monitoring_table.py FILE...

A peer has several alarms: that of its data set, that of any column, and each of NannyML's calculators. The best of them in a
scenario is the one that alarms most often among those whose false alarms, in the scenario without a change and at the same
size, are at most 5 per cent.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

SIZES = (500, 5_000, 48_744)
MOST_FALSE = 0.05
CALCULATORS = ("columns", "missing", "unseen", "range", "joint", "estimated")
Lines = list[dict[str, Any]]
Runs = dict[tuple[str, int], Lines]


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    grouped: defaultdict[tuple[int, str], Runs] = defaultdict(dict)
    for file in parser.parse_args().files:
        for text in file.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            runs = grouped[line["number"], line["scenario"]]
            runs.setdefault((line["tool"], line["size"]), []).append(line)
    unchanged = rates(grouped[0, "none"])
    print("| alarms without a change | " + " | ".join(f"{size:,}" for size in SIZES) + " |")
    print("|---|---|---|---|")
    for alarm in dict.fromkeys(alarm for alarm, _ in unchanged):
        print(f"| {alarm} | {' | '.join(per_cent(unchanged.get((alarm, size))) for size in SIZES)} |")
    print("\n| scenario | ours, 500 / 5,000 / 48,744 | best of the others | seen first by |")
    print("|---|---|---|---|")
    for (_, name), runs in sorted(grouped.items()):
        print(detection(name, runs, unchanged))
    print(
        "\n| scenario | realised AUC | estimated | covers | default rate | covers | cost | covers | reliable |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for (_, name), runs in sorted(grouped.items()):
        print(performance(name, runs["ours", 5_000]))
    counts = Counter(
        (tool, size, len(lines)) for runs in grouped.values() for (tool, size), lines in runs.items()
    )
    print("\nRepetitions by tool and size, and how many scenarios had them:")
    for (tool, size, count), times in sorted(counts.items()):
        print(f"{tool}, {size:,}: {count} in {times}")


def rates(runs: Runs) -> dict[tuple[str, int], float]:
    """Return how often each alarm was raised, by its name and the size of the window."""
    found = {}
    for (tool, size), lines in runs.items():
        if tool == "ours":
            found["ours", size] = mean(line["alarm"] for line in lines)
            found["fixed PSI limits", size] = mean(line["previous"] for line in lines)
        elif tool == "evidently":
            found["Evidently, half of the columns", size] = mean(line["alarm"] for line in lines)
            found["Evidently, any column", size] = mean(line["columns"] > 0 for line in lines)
        else:
            for name in CALCULATORS:
                found[f"NannyML, {name}", size] = mean(bool(line["alerts"][name]) for line in lines)
    return found


def detection(name: str, runs: Runs, unchanged: dict[tuple[str, int], float]) -> str:
    """Return the row of a scenario: shares of alarms in per cent by size."""
    found = rates(runs)
    ours = " / ".join(per_cent(found.get(("ours", size))) for size in SIZES)
    best = []
    for size in SIZES:
        sound = {
            alarm: rate
            for (alarm, of), rate in found.items()
            if of == size and not alarm.startswith(("ours", "fixed")) and unchanged[alarm, of] <= MOST_FALSE
        }
        alarm = max(sound, key=sound.__getitem__, default=None)
        which = f" ({alarm})" if alarm and sound[alarm] else ""
        best.append(f"{per_cent(sound[alarm]) if alarm else '–'}{which}")
    lines = runs["ours", 5_000]
    seen = Counter(detector for line in lines for detector in line["detectors"])
    said = ", ".join(detector for detector, count in seen.most_common(3) if count >= len(lines) / 2)
    return f"| {name} | {ours} | {' / '.join(best)} | {said or '–'} |"


def performance(name: str, lines: Lines) -> str:
    """Return the row of a scenario: means over windows of 5,000, and how often the interval covers the outcome."""
    cells = []
    for figure, form in (("auc", ".3f"), ("default_rate", ".3f"), ("cost", ".3f")):
        real = [line["realised"][figure] for line in lines]
        expected = [line["expected"][figure] for line in lines]
        within = per_cent(
            mean(
                each["low"] <= value <= each["high"]
                for each, value in zip(expected, real, strict=True)
            )
        )  # fmt: skip
        estimated = mean(each["value"] for each in expected)
        cells += [f"{mean(real):{form}}", f"{estimated:{form}}", within] if figure == "auc" else [
            f"{mean(real):{form}} / {estimated:{form}}", within
        ]  # fmt: skip
    reliable = per_cent(mean(line["expected"]["reliable"] for line in lines))
    return f"| {name} | {' | '.join(cells)} | {reliable} |"


def per_cent(share: float | None) -> str:
    """Return a share in per cent, a dash where it was not measured."""
    if share is None:
        return "–"
    return f"{100 * share:.1f}" if 0 < share < 0.01 else f"{100 * share:.0f}"


if __name__ == "__main__":
    main()
