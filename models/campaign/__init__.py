"""Whom to contact and what it changed: effects, expected profit, assignment, power, uplift.

Pure functions of arrays: nothing here reads a file or a log, or speaks to people.
"""
