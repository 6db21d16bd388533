"""How long a browser takes to open the report of drift, and how large it is.

    python benchmarks/monitoring_page.py [--report reports/evidently_full_report.html] [--times 5]

The page is opened in a new window of Chromium from the disk, until its first line, the verdict, and a table of columns stand
there. A new window has no cache of scripts.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.chromium import chromium


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--report", type=Path, default=Path("reports/evidently_full_report.html"))
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    taken = []
    with chromium() as browser:
        for _ in range(arguments.times):
            with browser.new_context() as context:
                page = context.new_page()
                began = time.monotonic()
                page.goto(arguments.report.resolve().as_uri(), wait_until="commit")
                page.get_by_text("drift alarm", exact=False).first.wait_for()
                page.get_by_text("EXT_SOURCE_2", exact=True).first.wait_for()
                taken.append(time.monotonic() - began)
    size = arguments.report.stat().st_size / 1e6
    print(f"{size:.1f} MB, {median(taken):.1f} s (worst {max(taken):.1f}) of {len(taken)}")


if __name__ == "__main__":
    main()
