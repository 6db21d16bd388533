"""The rate of requests: what is allowed in any minute, and that it costs the same however many clients there are."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.api.limits import CLIENTS_KEPT, RateLimit, RateLimits
from home_credit.config import Settings


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_one_at_a_time() -> None:
    clock = Clock()
    limit = RateLimit(3, clock)
    assert [limit.wait("a") for _ in range(5)] == [0, 0, 0, 20, 20]
    assert limit.wait("b") == 0
    clock.now = 19.0
    assert limit.wait("a") == 1
    clock.now = 20.0
    assert [limit.wait("a"), limit.wait("a")] == [0, 20]
    clock.now = 1000.0
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 20]


@given(
    per_minute=st.integers(1, 1000),
    pauses=st.lists(st.floats(0, 100, allow_nan=False), max_size=200),
)
def test_no_period_has_more_than_a_burst_and_the_rate(per_minute: int, pauses: list[float]) -> None:
    clock = Clock()
    limit = RateLimit(per_minute, clock)
    allowed: list[float] = []
    for pause in pauses:
        clock.now += pause
        if limit.wait("a") == 0:
            allowed.append(clock.now)
        else:
            waited = limit.wait("a")
            assert waited >= 1  # a refusal does not count as a request
    for first, start in enumerate(allowed):
        for last in range(first, len(allowed)):
            assert last - first + 1 <= per_minute * (1 + (allowed[last] - start) / 60) + 1e-6


@given(per_minute=st.integers(1, 1000), requests=st.integers(1, 2000))
def test_who_waits_as_told_is_served(per_minute: int, requests: int) -> None:
    clock = Clock()
    limit = RateLimit(per_minute, clock)
    for _ in range(min(requests, 3 * per_minute)):
        if wait := limit.wait("a"):
            clock.now += wait
            assert limit.wait("a") == 0


def test_memory_is_bounded_and_a_request_takes_the_same_time_with_many_clients() -> None:
    limit = RateLimit(600)

    def seconds(clients: range) -> float:
        start = time.process_time()
        for client in clients:
            limit.wait(f"10.0.{client}")
        return time.process_time() - start

    few = seconds(range(5_000))
    seconds(range(5_000, 100_000))
    assert len(limit._whole_at) == CLIENTS_KEPT
    many = min(seconds(range(100_000 + n, 105_000 + n)) for n in (0, 5_000, 10_000))
    assert many < 5 * few + 0.05  # 5,000 requests; the earlier limiter took 5 ms for each


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_addresses_of_one_network_are_one_client(first: str, second: str, together: bool) -> None:
    limits = RateLimits(Settings(max_requests_per_minute=1))
    assert limits.wait(None, (first, 1)) == 0
    assert (limits.wait(None, (second, 1)) > 0) == together


def test_keys_are_counted_apart_from_addresses() -> None:
    limits = RateLimits(Settings(max_requests_per_minute=1, max_key_requests_per_minute=2))
    assert [limits.wait("loans", ("192.0.2.1", 1)) for _ in range(3)] == [0, 0, 30]
    assert limits.wait(None, ("192.0.2.1", 1)) == 0
    assert limits.wait("other", ("192.0.2.1", 1)) == 0
