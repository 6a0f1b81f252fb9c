"""Leaves out of the doctests what needs a library that is not there."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("pyspark") else ["features/engines/spark.py"]
