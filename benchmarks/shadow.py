"""What a challenger in shadow says of decisions on known applicants, and what it costs.

    python benchmarks/shadow.py --models models --challenger DIR --tables DIR [--decisions 5000]

Decides on applicants one at a time, in blocks: each block by a service without a challenger and by one with it, in turn,
each with a ledger of its own. A block with a challenger ends when its scores are stored. Prints the report on all of
them, and the CPU milliseconds of a decision on either side, every thread of the process included.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from home_credit.applicants import ApplicantStore
from home_credit.applicants.loading import current_features, load
from home_credit.cli.models import lines
from home_credit.config import Settings
from home_credit.decisioning.factory import decision_service
from home_credit.decisioning.requests import KnownRequest
from home_credit.schemas import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from home_credit.decisioning.service import DecisionService

BLOCK = 125
WARM_UP = 20
ASKED_AT_ONCE = 1_000


class Side:
    """A service, and the CPU and wall milliseconds of a decision in each block; ``scored`` counts its shadow's work."""

    def __init__(self, service: DecisionService, outcomes: Counter[str]) -> None:
        self._service, self.outcomes = service, outcomes
        self.cpu: list[float] = []
        self.answered: list[float] = []

    def decide(self, applicants: Sequence[int], *, shadow: bool) -> None:
        """Decide on applicants one after the other, and wait until their scores are stored."""
        before = self.outcomes.total()
        began, started = time.process_time(), time.perf_counter()
        for applicant in applicants:
            (outcome,) = self._service.decide_all([KnownRequest(applicant)])
            if not isinstance(outcome, Decision):
                raise outcome
        answered = time.perf_counter() - started
        while shadow and self.outcomes.total() < before + len(applicants):
            time.sleep(0.05)
        self.cpu.append(1e3 * (time.process_time() - began) / len(applicants))
        self.answered.append(1e3 * answered / len(applicants))


@contextmanager
def side(folder: Path, models: Path, challenger: Path | None, name: str) -> Iterator[Side]:
    """Open a service with a ledger of its own."""
    outcomes: Counter[str] = Counter()
    settings = Settings(
        HOME_CREDIT_MODELS=models,
        HOME_CREDIT_CHALLENGER=challenger,
        HOME_CREDIT_MODEL_VERSIONS=folder / "versions",
        applicants_url=f"sqlite:///{folder}/applicants.db",
        database_url=f"sqlite:///{folder}/{name}.db",
    )
    with decision_service(
        settings, observe_shadow=lambda outcome, number: outcomes.update({outcome: number})
    ) as service:
        yield Side(service, outcomes)
        if challenger is not None:
            print(*lines(service.shadow_report()), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--challenger", type=Path, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--decisions", type=int, default=5_000)
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        load(arguments.tables, f"sqlite:///{folder}/applicants.db", current_features())
        with closing(ApplicantStore.open(f"sqlite:///{folder}/applicants.db")) as store:
            applicants = _applicants(store, arguments.decisions)
        if len(applicants) < arguments.decisions:
            sys.exit(f"{arguments.tables} holds {len(applicants)} applicants")
        with (
            side(folder, arguments.models, None, "alone") as alone,
            side(folder, arguments.models, arguments.challenger, "shadow") as shadowed,
        ):
            _measure(alone, shadowed, applicants)
    _print(alone, shadowed)


def _applicants(store: ApplicantStore, number: int) -> list[int]:
    found: list[int] = []
    while len(found) < number:
        some = store.applicants(
            limit=min(ASKED_AT_ONCE, number - len(found)), after=found[-1] if found else 0
        )
        if not some:
            break
        found += some
    return found


def _measure(alone: Side, shadowed: Side, applicants: Sequence[int]) -> None:
    alone.decide(applicants[:WARM_UP], shadow=False)
    shadowed.decide(applicants[:WARM_UP], shadow=True)
    gc.collect()
    gc.freeze()
    for each in (alone, shadowed):
        each.cpu.clear()
        each.answered.clear()
    # Those of the warm-up are decided already: the report is on each applicant once.
    for start in range(WARM_UP, len(applicants), BLOCK):
        block = applicants[start : start + BLOCK]
        alone.decide(block, shadow=False)
        shadowed.decide(block, shadow=True)


def _print(alone: Side, shadowed: Side) -> None:
    print(dict(shadowed.outcomes))
    print("| ms of a decision | alone | with a challenger | difference (s.e.) |\n| --- | --- | --- | --- |")
    for name in ("cpu", "answered"):
        one, other = np.array(getattr(alone, name)), np.array(getattr(shadowed, name))
        difference = other - one
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        print(f"| {name} | {one.mean():.3f} | {other.mean():.3f} | {difference.mean():+.3f} ({error:.3f}) |")


if __name__ == "__main__":
    main()
