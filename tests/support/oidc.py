"""An OpenID provider as a process."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.ports import free_port
from support.servers import server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from support.servers import Running


@contextmanager
def provider(people: Mapping[str, Mapping[str, object]], log: Path) -> Iterator[Running]:
    """Run a provider that knows ``people`` by their subject, each with claims."""
    port = free_port()
    line = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    for subject, claims in people.items():
        line += ["--user-claims", json.dumps({"sub": subject, **claims})]
    with server(line, port, "/.well-known/openid-configuration", log) as running:
        yield running
