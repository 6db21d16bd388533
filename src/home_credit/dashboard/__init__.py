"""The loan officers' dashboard: one module per page, every text in ``locales/``."""
