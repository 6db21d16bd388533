"""Accuracy of the model of the term on persons, and on periods, that it was not fitted on.

    python benchmarks/terms.py --tables DIR

The earlier cash loans of previous_application state their term. Applicants are assigned to five folds; the loans of
each are evaluated with a model fitted on the other four. Then the loans of the last year are evaluated with a model
fitted on older ones. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables
from home_credit.terms.columns import CASH_LOANS
from home_credit.terms.frames import earlier_loans
from home_credit.terms.learning import learn

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5
YEAR = 365.0


def main() -> None:
    """Print one line per evaluation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    dated = (pl.col("NAME_CONTRACT_TYPE") == CASH_LOANS) & (pl.col("CNT_PAYMENT") > 0)
    with open_tables(parser.parse_args().tables, "all") as source:
        cash = source.frames["previous_application"].filter(dated).collect()
    loans = earlier_loans(cash.lazy())
    approved = (cash["NAME_CONTRACT_STATUS"] == "Approved").to_numpy()
    applicants, place = np.unique(cash[ID].to_numpy(), return_inverse=True)
    fold = np.random.default_rng(2018).integers(0, FOLDS, len(applicants))[place]

    told, sure = np.full(len(cash), np.nan), np.zeros(len(cash), dtype=bool)
    for number in range(FOLDS):
        model, judged = learn(loans.where(fold != number)), fold == number
        terms = model.terms(loans.credit[judged], loans.annuity[judged], loans.goods[judged])
        told[judged], sure[judged] = terms.months, terms.sure == 1
    print("| judged on | loans | right | sure | right where sure |\n|---|---:|---:|---:|---:|")
    right = told == loans.months
    show("approved earlier cash loans, people not learnt from", right[approved], sure[approved])
    show("all earlier cash loans, people not learnt from", right, sure)

    recent = loans.where((loans.age <= YEAR) & approved)
    terms = learn(loans.where(loans.age > YEAR)).terms(recent.credit, recent.annuity, recent.goods)
    show(
        "approved loans of the last year, learnt from older ones",
        terms.months == recent.months,
        terms.sure == 1,
    )


def show(name: str, right: NDArray[np.bool_], sure: NDArray[np.bool_]) -> None:
    """Print a row of the table."""
    print(f"| {name} | {len(right):,} | {right.mean():.1%} | {sure.mean():.1%} | {right[sure].mean():.1%} |")


if __name__ == "__main__":
    main()
