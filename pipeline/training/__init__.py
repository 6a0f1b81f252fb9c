"""Trains the answer, saves and records it, and decides whether it becomes champion.

How contenders are compared belongs to `pipeline.learning`.
"""
