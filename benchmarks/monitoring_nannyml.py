"""NannyML's answers for benchmarks/monitoring.py, run by an interpreter that has NannyML 0.13.

    python benchmarks/monitoring_nannyml.py REFERENCE.parquet

Reads one JSON object a line, {"rows": FILE, "size": N}, and answers with the columns that NannyML's calculators alert on in
each window of N rows of the file, by their defaults: Jensen-Shannon distance of each column from 0.1; missing values, unseen categories, numerical ranges,
the reconstruction error of all columns together, and the AUC that it estimates from the probabilities, each beyond what
ten chunks of the reference span (three standard deviations). The reference has the columns of applications,
``probability``, ``prediction`` and ``target``.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from functools import cache
from typing import Any

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml  # reads the variable when it is imported
import numpy as np
import pandas as pd
from nannyml.chunk import SizeBasedChunker

CHUNKS = 10
SCORED = ("probability", "prediction", "target")
warnings.simplefilter("ignore")


class Peers:
    """Calculators fitted on the first ten chunks of the reference, by the size of a chunk."""

    def __init__(self, reference: pd.DataFrame) -> None:
        self.reference = reference
        self.columns = [name for name in reference if name not in SCORED]
        self.texts = [name for name in self.columns if reference[name].dtype == object]
        self.numbers = [name for name in self.columns if name not in self.texts]
        self.fitted = cache(self._fitted)

    def _fitted(self, size: int) -> dict[str, Any]:
        # A reference that cannot give ten chunks of this size gives ten smaller ones, whose limits are wider.
        chunk = min(size, len(self.reference) // CHUNKS)
        rows, of = self.reference.head(CHUNKS * chunk), {"chunk_size": chunk}
        calculators = {
            "columns": nannyml.UnivariateDriftCalculator([*self.columns, "probability"], **of),
            "missing": nannyml.MissingValuesCalculator(self.columns, **of),
            "unseen": nannyml.UnseenValuesCalculator(self.texts, **of),
            "range": nannyml.NumericalRangeCalculator(self.numbers, **of),
            "joint": nannyml.DataReconstructionDriftCalculator(self.columns, **of),
            "estimated": nannyml.CBPE(
                problem_type="classification_binary", y_pred_proba="probability", y_pred="prediction",
                y_true="target", metrics=["roc_auc"], **of,
            ),
        }  # fmt: skip
        for calculator in calculators.values():
            calculator.fit(rows)
        return calculators

    def alerts(self, rows: pd.DataFrame, size: int) -> list[dict[str, list[str]]]:
        """Return, for each window of ``size`` rows, the columns or figures that each calculator alerts on."""
        found: list[dict[str, list[str]]] = [{} for _ in range(len(rows) // size)]
        for name, calculator in self.fitted(size).items():
            calculator.chunker = SizeBasedChunker(size)
            calculate = calculator.estimate if name == "estimated" else calculator.calculate
            answer = calculate(rows).filter(period="analysis").to_df()
            flags = answer.loc[:, [label for label in answer.columns if label[-1] == "alert"]]
            for place, window in enumerate(found):
                window[name] = sorted({label[0] for label in flags.columns if bool(flags[label].iloc[place])})
        return found


def prepared(path: str) -> pd.DataFrame:
    """Return the rows, missing texts as NaN as NannyML's reader of CSV would give them."""
    rows = pd.read_parquet(path)
    texts = [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]
    return rows.assign(
        **{name: rows[name].astype(object).where(rows[name].notna(), np.nan) for name in texts}
    )


def main() -> None:
    """Answer each line."""
    peers = Peers(prepared(sys.argv[1]))
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(peers.alerts(prepared(asked["rows"]), asked["size"])), flush=True)


if __name__ == "__main__":
    main()
