"""One row per customer: purchase days, features and labels at a cutoff.

Rows come in through `features.timeline` only; how a file is read belongs to `features.log`.
"""
