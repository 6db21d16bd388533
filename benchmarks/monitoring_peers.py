"""What other tools say of a window, by their defaults, for benchmarks/monitoring.py."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from evidently.legacy.calculations.stattests.registry import get_stattest
from evidently.legacy.core import ColumnType

from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from monitoring_pool import Pool

    Alerts = dict[str, list[str]]


def evidently_flags(before: pl.DataFrame, now: pl.DataFrame) -> dict[str, object]:
    """Return the columns that drift by the tests and limits that Evidently chooses by itself, and its alarm.

    The alarm is that of its data set: drift in half of the columns. Columns without values are left out, as Evidently
    demands.
    """
    flagged, compared = [], 0
    for name in before.columns:
        old, new = before[name].drop_nulls(), now[name].drop_nulls()
        if not len(old) or not len(new):
            continue
        kind = ColumnType.Numerical if old.dtype.is_numeric() else ColumnType.Categorical
        first, second = old.to_pandas(), new.to_pandas()
        test = get_stattest(first, second, kind, None)
        compared += 1
        if test(first, second, kind, None).drifted:
            flagged.append(name)
    return {"columns": len(flagged), "alarm": len(flagged) >= compared / 2, "flagged": flagged}


@dataclass(frozen=True)
class NannyML:
    """NannyML in a process of its own: its requirements do not fit those of the project."""

    asks: IO[str]
    answers: IO[str]
    folder: Path

    @classmethod
    @contextmanager
    def started(cls, interpreter: Path | None, reference: Pool, folder: Path) -> Iterator[NannyML | None]:
        """Start it with the applicants of ``reference``, whose limits it learns; ``None`` without an interpreter."""
        if interpreter is None:
            yield None
            return
        rows = reference.base.rows.drop(ID).with_columns(
            probability=pl.Series(reference.base.probability), target=pl.Series(reference.target)
        )
        rows.with_columns(_predicted()).write_parquet(folder / "reference.parquet")
        program = Path(__file__).with_name("monitoring_nannyml.py")
        with subprocess.Popen(  # an interpreter that the caller names
            [interpreter, program, folder / "reference.parquet"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            yield cls(process.stdin, process.stdout, folder)
            process.stdin.close()

    def alerts(self, windows: list[pl.DataFrame]) -> list[Alerts]:
        """Return what each calculator alerts on in each window; all have the same number of rows."""
        file = self.folder / "windows.parquet"
        rows = pl.concat(windows, how="vertical_relaxed").with_columns(_predicted())
        rows.write_parquet(file)
        print(json.dumps({"rows": str(file), "size": len(windows[0])}), file=self.asks, flush=True)
        found: list[Alerts] = json.loads(self.answers.readline())
        return found


def _predicted() -> pl.Expr:
    return (pl.col("probability") >= 0.5).cast(pl.Int64).alias("prediction")
