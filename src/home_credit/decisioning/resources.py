"""Things that a service needs and that may take long to load, or may not be there yet."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class LazyResource(Generic[T]):
    """A resource that is loaded on first use; where loading fails, the next use tries again.

    ``close`` releases what ``load`` returned; a resource that somebody else opened comes without it. Safe to use
    from several threads: one of them loads, the others wait for it.
    """

    def __init__(self, load: Callable[[], T], *, close: Callable[[T], None] | None = None) -> None:
        self._load, self._close = load, close
        self._lock = Lock()
        self._value: T | None = None

    @property
    def loaded(self) -> bool:
        """Whether it is there; never waits."""
        return self._value is not None

    def get(self) -> T:
        """Return it, or raise what loading it raises."""
        value = self._value
        if value is None:
            with self._lock:
                value = self._value
                if value is None:
                    value = self._value = self._load()
        return value

    def replace(self, value: T) -> None:
        """Put ``value`` in its place; who holds the one before goes on with it to the end of their work."""
        with self._lock:
            self._value = value

    def close(self) -> None:
        """Release it where it is loaded; a later use loads it again."""
        with self._lock:
            value, self._value = self._value, None
        if value is not None and self._close is not None:
            self._close(value)
