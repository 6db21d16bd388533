"""The HTTP API: transport only; what it does is in :mod:`home_credit.decisioning.service`."""
