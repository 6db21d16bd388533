"""Servers under load: how the benchmarks start, pin, limit and measure them."""
