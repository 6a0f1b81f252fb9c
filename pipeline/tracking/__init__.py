"""The only place that talks to MLflow: runs, views, the model registry and the server.

Its modules import MLflow, which takes seconds; import them where they are used. Nothing
of the order log and no customer id goes through here, only counts, measures and names.
"""

import os

# Set before MLflow is imported: it reads them once, and none of it may phone home or chat.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
# By default a server that is down is asked for two minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
