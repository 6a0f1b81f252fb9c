"""Finds the model that answers, and scores the customers of a log with it."""
