"""Synthetic applicants in the original tables, drawn from statistics of the real ones (the demo portfolio)."""

from home_credit.synthetic.build import write_demo

__all__ = ["write_demo"]
