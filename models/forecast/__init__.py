"""Forecasts of a business's coming weeks: from its totals, and from its customers."""
