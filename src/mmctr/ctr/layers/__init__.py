"""Layers that compute the same as FuxiCTR's or torch's own, with less work."""
