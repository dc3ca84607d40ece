"""Multimodal click-through-rate models as one Kedro project."""

__version__ = "0.1.0"
