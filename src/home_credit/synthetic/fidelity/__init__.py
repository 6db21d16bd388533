"""Fidelity of synthetic tables to real ones, what models learn from them, and their distance to real records."""
