"""One module per revision of the tables; each is frozen and imports nothing that may change."""
