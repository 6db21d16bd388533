"""The decision ledger: every decision, its input and its reviews."""

from home_credit.ledger.store import Ledger, Page

__all__ = ["Ledger", "Page"]
