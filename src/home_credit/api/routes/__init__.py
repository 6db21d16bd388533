"""The routes, one module per concern; each hands its request to the decision service and returns the answer."""
