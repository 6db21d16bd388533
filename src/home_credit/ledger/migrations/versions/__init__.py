"""One module per revision of the tables; each is frozen and imports no code that may change."""
