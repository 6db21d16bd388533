"""The command ``home-credit``: one verb per job."""
