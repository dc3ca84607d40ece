"""Scales of statistics."""

import numpy as np

DAY_SECONDS = 86_400


def log_days(seconds: np.ndarray) -> np.ndarray:
    """Turn seconds into log(1 + days)."""
    return np.log1p(seconds / DAY_SECONDS)
