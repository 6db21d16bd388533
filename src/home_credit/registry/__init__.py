"""Tracked runs (tracking), registered models (models) and the door in front of their UI; the one room of MLflow.

Nothing is imported here: the UI's image has the door without what packs and scores models.
"""
