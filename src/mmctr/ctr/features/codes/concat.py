"""A table per position, side by side."""

from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.features.codes.positional import rows_of_positions
from mmctr.ctr.features.growing import rows_by_position
from mmctr.ctr.model_params import ModelParams

MAX_COLUMNS = 512
"""Most columns per item and modality: attention's first layer has four times as many
inputs, and is computed for every position of every history."""


class ConcatCodes(nn.Module):
    """A narrow table per position; an item's vectors are concatenated.

    Without a projection to fewer columns: that would add them up again, as
    ``positional`` does, with tables of lower rank. Attention and DNN see each
    position by itself, at a price that grows with the positions.

    Shapes: ``items [U]`` -> ``[U, positions * concat.width]``.
    """

    def __init__(
        self, codes: np.ndarray, seen: np.ndarray, params: ModelParams
    ) -> None:
        """Number the codes of all positions.

        Raises:
            ValueError: If the vectors would be wider than :data:`MAX_COLUMNS`.
        """
        super().__init__()
        positions = codes.shape[1]
        self.width = positions * params.concat.width
        if self.width > MAX_COLUMNS:
            most = MAX_COLUMNS // positions
            advice = f"set ctr_modeling.model.concat.width to {most} or less, or "
            raise ValueError(
                f"ctr_modeling.model.code_entry=concat: {positions} codes per item at "
                f"{params.concat.width} columns each make {self.width} columns, more "
                f"than {MAX_COLUMNS}; {advice if most else ''}take fewer codes per "
                "item, or code_entry=positional, which adds them up"
            )
        rows, n_rows = rows_of_positions(codes)
        self.register_buffer("rows", torch.from_numpy(rows), persistent=False)
        self.table = nn.Embedding(n_rows, params.concat.width, padding_idx=0)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Put the vectors of the items' codes side by side."""
        rows = self.rows.index_select(0, items)
        return functional.embedding(rows, self.table.weight, padding_idx=0).flatten(1)

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the codes of every position."""
        return rows_by_position(self.table, earlier.table, self.rows.shape[1])
