"""How well does a saved model rank the labelled applicants of some tables that it never saw?

python benchmarks/demo_to_real.py --models models --tables DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sklearn.metrics import roc_auc_score

from home_credit.config import Settings
from home_credit.default_risk.metrics import auc_interval
from home_credit.features.build import feature_matrix
from home_credit.scoring import Scorer
from home_credit.tables.schema import ID, TARGET
from home_credit.tables.source import open_tables


def main() -> None:
    """Print the AUC with its interval."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    arguments = parser.parse_args()
    scorer = Scorer.load(arguments.models, Settings())
    with open_tables(arguments.tables, "train") as source:
        scored = scorer.score_matrix(feature_matrix(source.frames, source.applicants[ID]))
        scored = scored.join(source.target, on=ID, how="left", maintain_order="left")
    target, probability = scored[TARGET].to_numpy(), scored["probability_of_default"].to_numpy()
    low, high = auc_interval(target, probability)
    print(
        f"model {scorer.version}: AUC {roc_auc_score(target, probability):.4f} (95 % {low:.4f} to {high:.4f}) on {len(scored)} applicants"
    )


if __name__ == "__main__":
    main()
