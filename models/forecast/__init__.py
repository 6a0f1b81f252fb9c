"""Forecasts of a business's coming weeks: from its totals, and from its customers.

What a single customer will do belongs to `models.blend` and `models.btyd`.
"""
