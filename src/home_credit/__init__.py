"""Credit scoring on the seven Home Credit tables: decide, explain, record, monitor."""

__version__ = "1.0.0"
