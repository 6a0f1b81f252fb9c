"""Models that answer the shared question alone, and the trees and encodings they are made of.

What mixes several of them belongs to `models.blend`; their list is `models.all_contenders`.
"""
