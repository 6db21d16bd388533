"""A made-up portfolio in the original schema, of any size, in the memory of one block, the same for the same seed."""

from home_credit.tables.demo.write import write_demo

__all__ = ["write_demo"]
