"""A demo portfolio: synthetic applicants, faithful to statistics of the real tables."""

from home_credit.synthetic.build import write_demo

__all__ = ["write_demo"]
