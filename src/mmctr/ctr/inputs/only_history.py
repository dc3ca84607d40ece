"""The history of a request: that of all its rows."""

import numpy as np
import torch
from torch import nn


def only_history(
    history: torch.Tensor, segment: torch.Tensor, rows: int
) -> torch.Tensor | None:
    """Find the history that all rows of a batch have.

    Args:
        history: ``[T]`` items.
        segment: ``[T]`` int64, the row of each, ascending.
        rows: Rows of the batch.

    Returns:
        ``[H]`` items; None if rows differ, have none, or are on another device than a
        CPU: asking it would wait for it.
    """
    width = len(history) // max(rows, 1)
    if width == 0 or width * rows != len(history) or history.device.type != "cpu":
        return None
    of_rows, segments = (x.numpy().reshape(rows, width) for x in (history, segment))
    numbers = np.arange(rows)
    apart = (segments[:, 0] != numbers).any() or (segments[:, -1] != numbers).any()
    return None if apart or (of_rows != of_rows[0]).any() else history[:width]


def request_history(
    layer: nn.Module, history: torch.Tensor, segment: torch.Tensor, rows: int
) -> torch.Tensor | None:
    """The same where a layer evaluates in single precision; otherwise None."""
    if layer.training or torch.is_autocast_enabled("cpu"):
        return None
    return only_history(history, segment, rows)
