"""Files of any kind to one raw table of text, with nothing guessed and nothing converted.

What a column means belongs to `features.log`, drivers of databases to `features.engines`.
"""
