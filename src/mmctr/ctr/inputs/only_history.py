"""The history of a request: that of all its rows."""

import torch


def only_history(
    history: torch.Tensor, segment: torch.Tensor, rows: int
) -> torch.Tensor | None:
    """Find the history that all rows of a batch have.

    Args:
        history: ``[T]`` items.
        segment: ``[T]`` int64, the row of each, ascending.
        rows: Rows of the batch.

    Returns:
        ``[H]`` items; None if rows differ, or have none.
    """
    width = len(history) // max(rows, 1)
    if width == 0 or width * rows != len(history):
        return None
    of_rows = history.view(rows, width)
    numbers = torch.arange(rows, device=segment.device)[:, None]
    same = (of_rows == of_rows[:1]).all() & (segment.view(rows, width) == numbers).all()
    return of_rows[0] if same else None
