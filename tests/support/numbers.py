"""Narrows a value to a number."""

from __future__ import annotations


def number(value: object) -> float:
    """Return ``value``, which Polars types as any cell, as a number."""
    assert isinstance(value, int | float), f"{value!r} is no number"
    return float(value)
