"""`churn serve`: answers over HTTP for the customers of a request, with the champion.

Nothing is scored here by rules of its own: rows are read by `features`, answers are those of
`pipeline.scoring`.
"""
