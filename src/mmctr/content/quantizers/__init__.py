"""Vectors to codes: one file per method behind one small protocol."""

RESULT_VERSION = 1
"""Raise it when a change makes the same vectors and parameters give other codes.

Codes and models kept by earlier code are then not taken for this code's.
"""
