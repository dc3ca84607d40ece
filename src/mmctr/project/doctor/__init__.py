"""Checks that a run has all it needs, and what to do where it doesn't."""
