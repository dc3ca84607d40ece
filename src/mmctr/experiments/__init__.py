"""Many trainings compared: ablation and tuning."""

RESULT_VERSION = 4
"""Raise it when a change makes experiments draw other rows or train otherwise.

What the models and quantisers themselves do has versions of its own, in ``mmctr.ctr``
and ``mmctr.content.quantizers``.
"""
