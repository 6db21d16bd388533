"""How long a run on a cluster of k workers of one core takes, simulated from what one and two of them took.

The model is that of the program, with four measured costs and three that are stated:

- *Serial*: starting the driver and its executors, and the driver's own work for every task (``DISPATCH_S``).
- *Exchange*: checking and dealing costs CPU seconds per applicant, shared by all workers; each worker sends its share
  of the packages to the others, (k - 1) / k of them over a network of ``NETWORK`` bytes a second each.
- *Computing*: one job after the other, each of a batch of partitions. A free worker takes the next partition, and the
  job ends with its last. A partition takes its applicants times the cost of one, spread log-normally (``SPREAD``).
- *Jobs*: planning and committing one takes the driver ``job_s``.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from home_credit.spark.plan import PARTITION, partitions_of

DISPATCH_S = 0.004
NETWORK = 125e6  # bytes a second and worker: one gigabit
SPREAD = 0.25  # standard deviation of the logarithm of a partition's time


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured: seconds to start, CPU seconds and bytes of an applicant, seconds of a job beside its tasks."""

    start_s: float
    exchange_s: float
    exchange_bytes: float
    compute_s: float
    job_s: float


def batch_of(workers: int) -> int:
    """Return how many partitions a job computes, as a run decides."""
    return max(8, 4 * workers)


def wall_s(costs: Costs, applicants: int, workers: int, seed: int = 1) -> float:
    """Return the simulated seconds of a run over so many applicants with so many workers."""
    partitions = partitions_of(applicants, workers)
    sent = applicants * costs.exchange_bytes * (workers - 1) / workers
    exchange = applicants * costs.exchange_s / workers + sent / (workers * NETWORK)
    times = np.random.default_rng(seed).lognormal(-(SPREAD**2) / 2, SPREAD, partitions)
    times *= costs.compute_s * applicants / partitions
    batch = batch_of(workers)
    computing = sum(
        costs.job_s + _last(times[first : first + batch], workers) for first in range(0, partitions, batch)
    )
    # Tasks: about one for every partition in either part, and as many to write the packages.
    return costs.start_s + 3 * partitions * DISPATCH_S + exchange + computing


def _last(times: np.ndarray, workers: int) -> float:
    """Return when the last task ends, where each free worker takes the next."""
    free = [0.0] * workers
    for time in times.tolist():
        heapq.heapreplace(free, free[0] + time)
    return max(free)


def least_s(costs: Costs, applicants: int, workers: int) -> float:
    """Return what a run would take if all but the start were shared without a loss."""
    return costs.start_s + applicants * (costs.exchange_s + costs.compute_s) / workers


def partitions_per_worker(applicants: int, workers: int) -> int:
    """Return how many partitions a worker computes at most."""
    return math.ceil(math.ceil(applicants / PARTITION) / workers)
