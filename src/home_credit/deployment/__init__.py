"""Rolling out to the hosting platform: its client, the order of things and their undoing, smoke checks."""
