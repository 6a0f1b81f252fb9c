"""Forecasts of a business's coming weeks: from its totals, and from its customers.

<<<<<<< HEAD
What a single customer will do belongs to `models.blend` and `models.btyd`.
=======
Nothing about a single customer is answered here: that is for `btyd` and `contenders`.
>>>>>>> a8d39ca (churn describe --survey: NPS or CSAT by period and group, with intervals; docs of every definition)
"""
