"""Validation of the committed parameters, on tables: grades, reliability, fairness, stability and faithfulness.

Every applicant is scored out of fold; one fold is explained by three models that differ in their seed.

python benchmarks/validation.py --tables DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

from home_credit import policy
from home_credit.default_risk import classifier
from home_credit.training import data, validation_report
from home_credit.training.run import measure
from home_credit.validation import card


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    applicants = data.load(parser.parse_args().tables)
    parameters = classifier.committed_parameters()
    measured = measure(applicants, parameters, policy.Costs(), repeats=1)
    gathered = validation_report.gather(
        applicants, measured.probability[0], measured.policy.cut_off, parameters
    )
    for title, name in (
        ("Calibration by grade", "grades"),
        ("Reliability", "reliability"),
        ("Reasons", "explanations"),
        ("Fairness", "fairness"),
    ):
        print(f"## {title}\n\n{card.table(name, gathered[name])}\n")
    print(
        f"{len(applicants):,} applicants, cut-off {measured.policy.cut_off:.4f}; gates not passed:"
        f" {gathered['explanations']['failed'] or 'none'}"
    )


if __name__ == "__main__":
    main()
