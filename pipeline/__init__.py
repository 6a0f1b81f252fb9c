"""Where features meet models: each stage reads from top to bottom.

On this floor lies what every room needs; a room's first sentence says what belongs there.
"""
