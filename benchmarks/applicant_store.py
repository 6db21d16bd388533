"""One known applicant from the store against the same rows from Parquet: CPU, memory, disk, and what a load takes.

    python benchmarks/applicant_store.py --tables DIR [--applicants 200] [--rounds 3] [--also postgresql://...]

Loads the tables (Parquet) into a SQLite file, and into the database of ``--also`` where it is given: its applicants are
replaced. Then reads the same applicants, the sides taking turns, and prints the median CPU milliseconds of one. *Ready
features* is what a decision on a known applicant needs: the application and the features of the histories. *Memory* is
the peak resident set of a process that does nothing else. Exits with 1 where a row differs or reading from the file
takes 1 ms or more.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from home_credit.applicants import ApplicantStore
from home_credit.applicants.definitions import definitions_version
from home_credit.applicants.loading import current_features, load

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.parquet_rows import ParquetRows  # what the store has to give back

if TYPE_CHECKING:
    from collections.abc import Callable

READ = """
import sys
if sys.argv[1] == "parquet":
    sys.path.insert(0, sys.argv[4])
    from pathlib import Path
    from support.parquet_rows import ParquetRows
    read = ParquetRows(Path(sys.argv[2])).bundle
else:
    from home_credit.applicants import ApplicantStore
    read = ApplicantStore.open(sys.argv[2]).bundle
for applicant in map(int, sys.argv[3].split(",")):
    read(applicant)
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024)
"""


def milliseconds(read: Callable[[int], Any], applicants: list[int]) -> list[float]:
    """Return the CPU milliseconds of each read, all threads together."""
    times = []
    for applicant in applicants:
        began = time.process_time()
        read(applicant)
        times.append(1000 * (time.process_time() - began))
    return times


def peak_mib(side: str, where: str, applicants: list[int]) -> int:
    ids = ",".join(map(str, applicants))
    ran = subprocess.run(
        [sys.executable, "-c", READ, side, where, ids, sys.path[0]],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ran.stdout)


def load_in(tables: Path, address: str) -> None:
    began = time.process_time()
    total = load(tables, address, current_features()).content.total
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"loaded {total:,} applicants in {seconds:.1f} s of CPU, {total / seconds:,.0f} a second,"
        f" peak {peak:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--applicants", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--also", help="the address of a PostgreSQL database")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "applicants.db"
        addresses = {"SQLite": f"sqlite:///{file}"} | (
            {"PostgreSQL": arguments.also} if arguments.also else {}
        )
        for name, address in addresses.items():
            print(f"{name}: ", end="")
            load_in(arguments.tables, address)
        compare(arguments.tables, addresses, arguments.applicants, arguments.rounds)
        bytes_each = file.stat().st_size / 1000
        with_store(
            addresses["SQLite"], lambda store: print(f"disk: {bytes_each / store.total:.2f} kB an applicant")
        )


def with_store(address: str, use: Callable[[Any], None]) -> None:
    with closing(ApplicantStore.open(address)) as store:
        use(store)


def compare(tables: Path, addresses: dict[str, str], applicants: int, rounds: int) -> None:
    parquet = ParquetRows(tables)
    everybody = parquet.applicants(limit=10**9)
    chosen = random.Random(1).sample(everybody, min(applicants, len(everybody)))  # noqa: S311  # no secret
    stores = {name: ApplicantStore.open(address) for name, address in addresses.items()}
    version = definitions_version()

    def ready(store: ApplicantStore) -> Callable[[int], Any]:
        def read(applicant: int) -> tuple[Any, Any]:
            held = store.read(applicant)
            return held.application, held.history_features(version)

        return read

    sides: dict[str, Callable[[int], Any]] = {"Parquet": parquet.bundle}
    for name, store in stores.items():
        sides |= {name: store.bundle, f"{name}, ready features": ready(store)}
        differ = sum(store.bundle(applicant) != parquet.bundle(applicant) for applicant in chosen)
        print(f"{name}: {differ} of {len(chosen)} applicants differ from Parquet")
        if differ:
            sys.exit(1)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, read in sides.items():
            times[name] += milliseconds(read, chosen)
    before = median(times["Parquet"])
    for name, found in times.items():
        print(
            f"{name:<28} {median(found):8.3f} ms, {before / median(found):6.0f} times less, longest {max(found):.3f}"
        )
    some = chosen[:100]
    print(
        f"peak memory of a reader: Parquet {peak_mib('parquet', str(tables), some)} MiB,"
        f" store {peak_mib('store', addresses['SQLite'], some)} MiB"
    )
    if median(times["SQLite"]) >= 1:
        sys.exit(1)


if __name__ == "__main__":
    main()
