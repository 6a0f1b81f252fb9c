"""Finds the model that answers, and scores the customers of a log with it.

Nothing is learned or decided here.
"""
