"""Prometheus metrics of one application: requests, their latency, decisions, faults."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from home_credit.schemas import Decision

MEDIA_TYPE = CONTENT_TYPE_LATEST
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# Set by the server where several processes serve one port: the folder that holds the values of each.
SHARED = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """The collectors of one application, in a registry of their own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "home_credit_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "home_credit_request_seconds",
            "Time to the end of the answer",
            ("method", "route"),
            buckets=BUCKETS,
            registry=registry,
        )
        self._decisions = Counter(
            "home_credit_decisions",
            "Decisions recorded",
            ("decision", "grade", "simulation"),
            registry=registry,
        )

        self._faults = Counter(
            "home_credit_faults", "Answers that failed for a cause of ours", ("kind",), registry=registry
        )

        self._models = Counter(
            "home_credit_models", "Models swapped in and refused", ("role", "outcome"), registry=registry
        )
        self._shadow = Counter(
            "home_credit_shadow",
            "Decisions that a challenger scored, that were dropped, and whose scoring failed",
            ("outcome",),
            registry=registry,
        )

    def model(self, role: str, outcome: str) -> None:
        """Count a model that was swapped in or refused."""
        self._models.labels(role, outcome).inc()

    def shadow(self, outcome: str, number: int) -> None:
        """Count decisions that a challenger scored or did not."""
        self._shadow.labels(outcome).inc(number)

    def fault(self, kind: str) -> None:
        """Count a fault; ``kind`` is the slug of its problem document."""
        self._faults.labels(kind).inc()

    def decided(self, decision: Decision) -> None:
        """Count a decision."""
        self._decisions.labels(decision.decision, decision.grade, str(decision.simulation).lower()).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; ``route`` is a path template, never the path of the request."""
        series = self._answered.get((method, route, status))
        if series is None:  # to find it by its labels takes several times as long
            series = (self._requests.labels(method, route, str(status)), self._seconds.labels(method, route))
            self._answered[method, route, status] = series
        series[0].inc()
        series[1].observe(seconds)

    def text(self) -> bytes:
        """Return all metrics in the Prometheus text format, those of every process that serves the port."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library's
        return generate_latest(together)
