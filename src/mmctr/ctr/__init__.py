"""The CTR model: its inputs, features, layers and training."""

RESULT_VERSION = 1
"""Raise it when a change makes the same training give other weights or scores.

Results kept by earlier code are then not taken for this code's. The metrics that choose
the weights, :mod:`mmctr.evaluation`'s, count as part of the training.
"""
