"""Watches a model in use: what it said against what came, its customers then and now, its data.

Nothing is learned here; what is compared is computed in `models.evaluation` and `features`.
"""
