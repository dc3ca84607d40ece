"""The CTR model: its inputs, features, layers and training."""

RESULT_VERSION = 5
"""Raise it when a change makes the same training give other weights or scores.

Stored results of earlier code are then no longer reused. The metrics that choose the
weights, those of :mod:`mmctr.evaluation`, are part of the training.
"""
