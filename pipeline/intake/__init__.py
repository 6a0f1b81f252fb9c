"""Opens a log and looks it over: is it enough, which column is which, which horizon.

Rules about values belong to `features.log`; nothing is learned here.
"""
