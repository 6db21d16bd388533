"""The routes, one module per concern; each passes its request to the decision service and returns the result."""
