"""The decision ledger: every decision, what it was made from and what was done to it."""

from home_credit.ledger.store import Ledger

__all__ = ["Ledger"]
