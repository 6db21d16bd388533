"""One line of JSON per event on standard error, for machines; plain lines for people on a terminal."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object; fields passed as ``extra={"fields": {...}}`` are added."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON line."""
        event: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        event.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1]:
            event["exception"] = _described(record.exc_info[1])
        return json.dumps(event, default=str, ensure_ascii=False)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to the current ``sys.stderr``, which a progress bar replaces while it is shown."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute of the base class
        return sys.stderr


def request(*, request_id: str, method: str, route: str, status: int, seconds: float, key: str | None) -> str:
    """Return the line of an answered request, for :func:`write`.

    Made without a record and a formatter, which would take several times as long as all other middleware.
    Everything but the name of the key is known to need no escapes.
    """
    if _is_terminal(sys.stderr):
        return f"{datetime.now():%H:%M:%S} {method} {route} {status} {seconds * 1000:.1f} ms {key or ''}\n"
    return (
        f'{{"time": "{datetime.now(UTC).isoformat(timespec="milliseconds")}", "level": "info", '
        f'"logger": "home_credit.api.requests", "event": "request", "request_id": "{request_id}", '
        f'"method": "{method}", "route": "{route}", "status": {status}, "ms": {seconds * 1000:.1f}, '
        f'"key": {_json(key)}}}\n'
    )


def write(lines: Iterable[str]) -> None:
    """Write lines to standard error in one call of the system."""
    sys.stderr.write("".join(lines))


@lru_cache(maxsize=4)
def _is_terminal(stream: TextIO) -> bool:
    # Asked once: each call of the system lets another thread take the interpreter's lock.
    return stream.isatty()


@lru_cache(maxsize=1_024)
def _json(text: str | None) -> str:
    return json.dumps(text)


def _described(error: BaseException) -> list[str]:
    """Return the types and the places of an exception and its causes.

    Their messages are left out: one that nobody expected may quote an applicant's rows.
    """
    lines = [f"{type(error).__module__}.{type(error).__qualname__}"]
    lines += (
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    )
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines + (["caused by", *_described(cause)] if cause else [])


def configure(name: str = "home_credit", level: int = logging.INFO) -> None:
    """Send a log, by default this package's, to standard error; called by the entry points, not on import."""
    handler = _StandardError()
    if sys.stderr.isatty():
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    else:
        handler.setFormatter(JsonFormatter())
    logger = logging.getLogger(name)
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
