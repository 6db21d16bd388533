"""Resources of a service that are slow to load, or may not be available yet."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from home_credit.breaker import Breaker
from home_credit.errors import HomeCreditError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class LazyResource(Generic[T]):
    """A resource that is loaded on first use; where loading fails, the next use tries again.

    Where it failed slowly, uses within the next second fail with the same error instead.

    ``close`` releases what ``load`` returned; it is omitted where the caller opened the resource. Safe to use
    from several threads: one of them loads and the others wait.
    """

    def __init__(self, load: Callable[[], T], *, close: Callable[[T], None] | None = None) -> None:
        self._load, self._close = load, close
        self._lock = Lock()
        self._breaker = Breaker(HomeCreditError)
        self._value: T | None = None

    @property
    def loaded(self) -> bool:
        """Whether the resource is loaded; never blocks."""
        return self._value is not None

    @property
    def current(self) -> T | None:
        """The resource, ``None`` where it is not loaded; never blocks."""
        return self._value

    def get(self) -> T:
        """Return the resource, or raise the error of loading it."""
        value = self._value
        if value is None:
            with self._lock:
                value = self._value
                if value is None:
                    with self._breaker():
                        value = self._value = self._load()
        return value

    def replace(self, value: T) -> None:
        """Replace the resource by ``value``; callers that hold the earlier one keep using it."""
        with self._lock:
            self._value = value

    def close(self) -> None:
        """Release the resource if it is loaded; a later use loads it again."""
        with self._lock:
            value, self._value = self._value, None
        if value is not None and self._close is not None:
            self._close(value)
