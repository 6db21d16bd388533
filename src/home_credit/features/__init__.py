"""Features, defined once and computed for tables on one machine, for a request, or on a cluster."""
