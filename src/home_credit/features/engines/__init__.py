"""What computes the definitions: Narwhals for batches, NumPy for requests."""
