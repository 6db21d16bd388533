"""The application layer, below HTTP: decide, record, review, replay, find recourse."""
