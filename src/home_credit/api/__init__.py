"""The HTTP API: transport only; :mod:`home_credit.decisioning.service` does the work."""
