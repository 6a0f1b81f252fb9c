"""From scores to a decision to evidence: plan, export, measure, and what was learned.

What a person sees in a terminal belongs to `pipeline.command_line`, every figure to `models`.
"""
