"""A demo portfolio: made-up applicants, faithful to statistics of the real tables."""

from home_credit.tables.demo.build import write_demo

__all__ = ["write_demo"]
