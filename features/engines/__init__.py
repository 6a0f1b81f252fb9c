"""Engines: the only place where a database driver is imported."""
