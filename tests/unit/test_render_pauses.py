"""The pause that Render requests: any header is parsed or ignored, without an error."""

from __future__ import annotations

import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.deployment.render import _pause_asked_for

HEADERS = ("Retry-After", "Ratelimit-Reset")


def asked(**headers: str) -> float:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(429, headers=named, request=httpx.Request("GET", "https://x.example"))
    return _pause_asked_for(httpx.HTTPStatusError("", request=response.request, response=response))


@given(st.sampled_from(HEADERS), st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_whatever_a_header_says_is_a_pause(name: str, value: str) -> None:
    assert asked(**{name: value}) >= 0


@pytest.mark.parametrize("year", ["0001", "1969", "9999"])
def test_dates_far_away_are_pauses_too(year: str) -> None:
    for zone in ("GMT", "-0000"):
        assert asked(Retry_After=f"Mon, 01 Jan {year} 00:00:00 {zone}") >= 0


def test_seconds_points_in_time_and_dates_mean_the_same() -> None:
    in_ten = time.time() + 10
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(in_ten))
    assert asked(Retry_After="10") == 10
    assert asked(Ratelimit_Reset="10") == 10
    assert asked(Ratelimit_Reset=str(in_ten)) == pytest.approx(10, abs=1)
    assert asked(Retry_After=date) == pytest.approx(10, abs=2)
    assert asked(Retry_After="3", Ratelimit_Reset="60") == 3
    assert asked() == 0
    assert _pause_asked_for(httpx.ConnectError("")) == 0
