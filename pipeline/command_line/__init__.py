"""The command line: one short file a verb, the only place that knows typer.

A verb opens what it needs, asks one stage and shows its answer; nothing is computed here.
"""
