"""`churn describe`: the tables that picture a business, and the sentences that say what they find.

Counts come from `features.business`; here they become rates and intervals. Nothing is drawn.
"""
