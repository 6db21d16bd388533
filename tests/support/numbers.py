"""Narrows a value to a number."""

from __future__ import annotations


def number(value: object) -> float:
    """Return ``value``, which Polars types as whatever a column may hold, as the number that it must be."""
    assert isinstance(value, int | float), f"{value!r} is no number"
    return float(value)
