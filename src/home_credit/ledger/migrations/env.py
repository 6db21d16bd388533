"""Alembic's environment: migrations run in the transaction of the connection that opened the ledger."""

from alembic import context

from home_credit.ledger.migrations import VERSION_TABLE
from home_credit.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
