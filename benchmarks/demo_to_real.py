"""The AUC of a saved model on labelled applicants of unseen tables.

python benchmarks/demo_to_real.py --models models --tables DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sklearn.metrics import roc_auc_score

from home_credit.default_risk import artifacts
from home_credit.training import data
from home_credit.validation import auc


def main() -> None:
    """Print the AUC with its interval."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    arguments = parser.parse_args()
    model = artifacts.load(arguments.models)
    applicants = data.load(arguments.tables, model.terms)
    probability = model.probability(applicants.rows)
    low, high = auc.interval(applicants.target, probability, applicants.persons)
    print(
        f"model {model.version}: AUC {roc_auc_score(applicants.target, probability):.4f}"
        f" (95 % {low:.4f} to {high:.4f}) on {len(applicants)} applicants"
    )


if __name__ == "__main__":
    main()
