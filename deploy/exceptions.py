"""Writes the exceptions of vulnerabilities.toml that have not expired as Grype's configuration.

The standard library is enough for it, so the jobs that scan install nothing.
"""

import datetime as dt
import json
import sys
import tomllib
from pathlib import Path

LONGEST_DAYS = 90


def ignored(text: str, today: dt.date) -> list[dict[str, str]]:
    """Return Grype's rules; raises :class:`ValueError` for an exception without a reason or for too long."""
    rules = []
    for exception in tomllib.loads(text).get("exception", []):
        match exception:
            case {"id": str(name), "reason": str(reason), "expires": dt.date() as expires} if reason.strip():
                if (expires - today).days > LONGEST_DAYS:
                    raise ValueError(f"{name}: an exception is for {LONGEST_DAYS} days at most")
                if expires >= today:
                    rules.append({"vulnerability": name, "reason": reason})
            case _:
                raise ValueError(
                    f"an exception has an id, a reason and a day on which it expires, not {exception}"
                )
    return rules


if __name__ == "__main__":
    exceptions, configuration = map(Path, sys.argv[1:])
    rules = ignored(exceptions.read_text(encoding="utf-8"), dt.datetime.now(dt.UTC).date())
    # JSON is YAML.
    configuration.write_text(json.dumps({"ignore": rules}), encoding="utf-8")
