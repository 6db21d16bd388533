"""The rate of requests: so many a minute for each API key, and for each address that has none."""

from __future__ import annotations

import time
from collections import OrderedDict
from ipaddress import IPv6Address
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.config import Settings

CLIENTS_KEPT = 10_000
NETWORK_BITS = 64  # of an IPv6 address: a household or a server has all addresses below them


class RateLimit:
    """At most ``per_minute`` requests at once, and one more each ``60 / per_minute`` seconds.

    The generic cell rate algorithm (ITU-T I.371): one number per client, the time at which its allowance is whole
    again. A request takes constant time. Of more than :data:`CLIENTS_KEPT` clients the one that was longest without a
    request is forgotten, which lets it start afresh. ``clock`` returns seconds.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._burst, self._clock = 60.0 / per_minute, 60.0, clock
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, client: str) -> int:
        """Count a request and return 0, or return the seconds until one is allowed."""
        now = self._clock()
        whole_at = max(self._whole_at.get(client, now), now) + self._interval
        # A billionth more, since the intervals of a minute do not add up to it exactly.
        excess = whole_at - now - self._burst * (1 + 1e-9)
        if excess > 0:
            return ceil(excess)
        self._whole_at[client] = whole_at
        self._whole_at.move_to_end(client)
        if len(self._whole_at) > CLIENTS_KEPT:
            self._whole_at.popitem(last=False)
        return 0


class RateLimits:
    """The limits of one process. Behind a proxy the address is the client's only if the proxy is a trusted one."""

    def __init__(self, settings: Settings) -> None:
        self._addresses = RateLimit(settings.max_requests_per_minute)
        self._keys = RateLimit(settings.max_key_requests_per_minute)

    def wait(self, key: str | None, client: tuple[str, int] | None) -> int:
        """Count a request of a named key, or else of an address; return the seconds to wait, or 0."""
        if key is not None:
            return self._keys.wait(key)
        return self._addresses.wait(_network(client[0]) if client else "")


def _network(host: str) -> str:
    if ":" not in host:
        return host
    try:
        return str(int(IPv6Address(host)) >> (128 - NETWORK_BITS))
    except ValueError:
        return host
