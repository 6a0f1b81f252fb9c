"""What a person reads in the terminal: tables and sentences, made of what a stage answered.

Nothing is decided or computed here but widths. A command loads the screen it shows, and no other.
"""
