"""One table for all positions, as in the reference."""

from typing import Self

import numpy as np
import torch
from torch import nn

from mmctr.ctr.features.growing import same_rows
from mmctr.ctr.model_params import ModelParams
from mmctr.runtime.linear import linear


class CodeBag(nn.Module):
    """The mean vector of each item's codes, from one table for all positions.

    Equal to looking every code up and averaging, but computed as ``histogram @ table``:
    the histograms are built once per item, not once per batch.

    Shapes: ``items [U]`` -> ``[U, D]``.
    """

    def __init__(
        self, codes: np.ndarray, seen: np.ndarray, params: ModelParams
    ) -> None:
        """Count the codes of every item."""
        super().__init__()
        n_codes = int(codes.max()) + 1
        histogram = np.zeros((len(codes), n_codes), np.int16)
        for row, row_codes in enumerate(codes):
            histogram[row] = np.bincount(row_codes, minlength=n_codes)
        histogram[:, 0] = 0
        if histogram.max() <= np.iinfo(np.uint8).max:
            # Half the memory to fetch; only a collapsed codebook needs more.
            histogram = histogram.astype(np.uint8)
        self.register_buffer("histogram", torch.from_numpy(histogram), persistent=False)
        counts = (codes > 0).sum(axis=1, keepdims=True).clip(min=1)
        self.register_buffer(
            "counts", torch.from_numpy(counts.astype(np.float32)), persistent=False
        )
        self.width = params.embedding_dim
        self.table = nn.Embedding(n_codes, self.width, padding_idx=0)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Average the vectors of the items' codes."""
        weight = self.table.weight
        # Plain indexing takes six times as long as index_select on a CPU.
        histogram = self.histogram.index_select(0, items).to(weight.dtype)
        return linear(histogram, weight.T) / self.counts.index_select(0, items)

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the codes, which stay; larger ones come behind."""
        return same_rows(self.table, earlier.table)
