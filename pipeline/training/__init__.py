"""Trains the answer, saves and records it, and decides whether it becomes champion."""
