"""Ids of code prefixes: paths down the tree of residual codes."""

from typing import Self

import numpy as np
import torch

from mmctr.ctr.features.codes.positional import SummedRows
from mmctr.ctr.features.growing import AS_DRAWN
from mmctr.ctr.model_params import ModelParams


class PrefixCodes(SummedRows):
    """A vector per prefix, codes 1..l for every level l: their sum / sqrt(levels).

    Grams of residual codes as ids (Singh et al., arXiv 2306.08121) that start at the
    first level (Zheng et al., arXiv 2504.02137): the meaning of a code at level l
    depends on the codes before it, which ``positional`` ignores. The papers hash the
    ids; here the prefixes that occur are numbered, without collisions. A prefix that no
    item of the training rows has would keep its initial vector: it is left out, and
    such an item uses its shorter prefixes.
    """

    def __init__(
        self, codes: np.ndarray, seen: np.ndarray, params: ModelParams
    ) -> None:
        """Number the prefixes of the first ``prefix.levels`` codes."""
        levels = min(params.prefix.levels, codes.shape[1])
        rows, n_rows = number_prefixes(codes[:, :levels])
        trained = np.zeros(n_rows, bool)
        trained[rows[seen]] = True
        # Stored with the weights, since prediction does not know the training rows.
        rows *= trained[rows]
        super().__init__(rows, n_rows, params.embedding_dim, persistent=True)

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the prefixes that items of the earlier model have."""
        found = torch.full((self.table.num_embeddings,), AS_DRAWN)
        known = items > 0
        found[self.rows[known]] = earlier.rows[items[known]]
        # Without a vector in the earlier model, or not its own: the row of padding.
        found[found == 0] = AS_DRAWN
        found[0] = 0
        return found


def number_prefixes(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the prefixes that occur, level after level, from 1.

    Args:
        codes: ``[n, levels]`` int64 code + 1; a 0 ends an item's codes.

    Returns:
        The number of each item's prefix of every length, ``[n, levels]`` int64, 0
        behind its end; and the largest number + 1.
    """
    numbers = np.zeros(codes.shape, np.int64)
    n_numbers, size = 1, int(codes.max(initial=0)) + 1
    shorter = np.zeros(len(codes), np.int64)
    lasts = np.ones(len(codes), bool)
    for level, level_codes in enumerate(codes.T):
        lasts &= level_codes > 0
        pairs = shorter[lasts] * size + level_codes[lasts]
        distinct, places = np.unique(pairs, return_inverse=True)
        numbers[lasts, level] = n_numbers + places
        shorter[lasts] = places
        n_numbers += len(distinct)
    return numbers, n_numbers
