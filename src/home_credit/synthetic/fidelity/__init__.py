"""Fidelity of synthetic tables: distances to the real ones, utility for models, distance to real records."""
