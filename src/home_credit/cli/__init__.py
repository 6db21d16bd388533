"""The command line: one module of commands per subject."""
