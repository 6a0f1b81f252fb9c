"""Trains the answer, saves and records it, and decides whether it becomes champion.

How contenders are compared belongs to `pipeline.learning`.
"""

UNSENT = "unsent.json"
"""The file in an output folder that keeps what a training has still to tell the tracking store."""
