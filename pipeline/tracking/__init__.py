"""The only place that talks to MLflow: runs, views, the model registry and the server.

Its modules import MLflow, which takes seconds; import them where they are used. Nothing
of the order log and no customer id goes through here, only counts, measures and names.
"""
