"""Tracked runs (tracking), registered models (models) and the door in front of their UI; the one room of MLflow.

Nothing is imported here: the UI's image has the door without what packs and scores models, and who asks an MLflow
server over HTTP needs its names alone.
"""

MODEL = "home-credit"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
