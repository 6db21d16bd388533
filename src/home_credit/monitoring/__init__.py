"""Monitoring: drift of the applications since training."""
