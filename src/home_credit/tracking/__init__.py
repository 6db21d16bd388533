"""MLflow: tracked runs, registered models, the address of both, their server and its read-only proxy.

This is the only package that imports MLflow. Nothing is imported here, because the image of the MLflow UI holds the
proxy without what packs and scores models, and a client of an MLflow server over HTTP needs only these names.
"""

MODEL = "home-credit"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
