"""Why a prediction is what it is: contributions, reasons and segments.

Nothing here changes a prediction; how good one is belongs to `models.evaluation`.
"""
