"""The answer of the product: contenders combined, their level, intervals and months after.

A model that can answer alone belongs to `models.contenders`.
"""
