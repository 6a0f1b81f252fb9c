"""Contenders compared at past cutoffs, and what the comparison says in words.

Nothing is saved or recorded here: that is `pipeline.training`.
"""
