"""MLflow: tracked runs, registered models, the address of both, their server and its read-only proxy.

This is the only package that imports MLflow. This module imports nothing: the image of the MLflow UI has the proxy,
but not the packages that save and score models, and a client over HTTP needs only these names.
"""

MODEL = "home-credit"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
