"""The main module of a worker of pytest-xdist, which has none: processes that it starts import it, so it is empty."""
