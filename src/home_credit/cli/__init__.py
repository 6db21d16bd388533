"""The command line, a module of verbs per subject."""
