"""The business in figures: retention, flows, cohorts, RFM scores and value tiers by rule.

Expressions over purchase days; no model, and nothing that is drawn or written.
"""
