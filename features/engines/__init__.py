"""Engines run the expressions: the only place where a database driver is imported.

Nothing here knows what an order is.
"""
