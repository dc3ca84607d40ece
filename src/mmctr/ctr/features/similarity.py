"""Similarity of target and history: the control without codes or projections."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.inputs.only_history import only_history
from mmctr.ctr.model_params import SimilarityParams
from mmctr.runtime.linear import RowsLinear
from mmctr.runtime.unit_rows import normalize_rows

_ROWS = 16_384
_TARGETS = 256
# What cosines may be off by, twice; statistics round theirs to five digits.
_ROUNDING = 1e-5


class SimilarityHistogram(nn.Module):
    """SimTier (Sheng et al., arXiv 2407.19467, section 4.1) on a jagged history.

    Cosines of the target's vector with those of the history fall into equally wide
    buckets from -1 to 1. What falls into each is counted, and the counts pass a small
    layer. Positions whose item has no vector are not counted; if the target has none,
    or the history is empty, the histogram is all zeros.

    Shapes: ``target [B]``, ``history [T]``, ``segment [T]`` -> ``[B, D]``.
    """

    def __init__(self, vectors: np.ndarray, dim: int, params: SimilarityParams) -> None:
        """Normalise the vectors to length 1.

        Args:
            vectors: ``[n_items + 1, d]`` float32, row 0 zero; may be a memory map.
            dim: Width of the layer.
            params: Buckets, and how counts enter the model.
        """
        super().__init__()
        self._params = params
        unit, has_vector = _unit_rows(vectors)
        self.register_buffer("unit", torch.from_numpy(unit), persistent=False)
        self.register_buffer(
            "has_vector", torch.from_numpy(has_vector), persistent=False
        )
        self.width = dim
        self.layer = RowsLinear(params.buckets, dim)

    def forward(
        self,
        target: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
        cosines: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Count, and pass the counts through the layer.

        Args:
            target: As above.
            history: The same.
            segment: The same.
            cosines: ``[T]``, where they are known to 1e-5; None: they are computed.
        """
        counts = self.histogram(target, history, segment, cosines)
        return functional.relu(self.layer(self.scaled(counts)))

    def bucket_of(self, cosines: torch.Tensor) -> torch.Tensor:
        """The bucket of every cosine, int64."""
        buckets = self._params.buckets
        return ((cosines + 1) * (buckets / 2)).long().clamp(0, buckets - 1)

    def scaled(self, counts: torch.Tensor) -> torch.Tensor:
        """Counts ``[B, buckets]`` as they enter the layer."""
        if self._params.counts == "log":
            return counts.log1p()
        return counts / counts.sum(dim=1, keepdim=True).clamp(min=1)

    @torch.no_grad()
    def histogram(
        self,
        target: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
        cosines: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Count the positions per bucket: ``[B, buckets]``."""
        buckets = self._params.buckets
        counted = self.has_vector.index_select(0, target).index_select(0, segment)
        counted = counted * self.has_vector.index_select(0, history)
        rounded = cosines
        if rounded is None and not self.training:
            only = only_history(history, segment, len(target))
            rounded = None if only is None else self._of_request(target, only)
        if rounded is None:
            exact = self._of_positions(target, history, segment)
        else:
            beside = self._beside_borders(rounded, counted)
            rows = segment.index_select(0, beside)
            queries = self.unit.index_select(0, target.index_select(0, rows))
            keys = self.unit.index_select(0, history.index_select(0, beside))
            exact = rounded.index_copy(0, beside, (queries * keys).sum(1))
        counts = counted.new_zeros(len(target) * buckets)
        counts.index_add_(0, segment * buckets + self.bucket_of(exact), counted)
        return counts.view(len(target), buckets)

    def _beside_borders(
        self, cosines: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """Positions that may be in another bucket, as their cosines are rounded."""
        places = (cosines + 1) * (self._params.buckets / 2)
        near = (places - places.round()).abs() < _ROUNDING * self._params.buckets
        return (near & (counted > 0)).nonzero().squeeze(1)

    def _of_positions(
        self, target: torch.Tensor, history: torch.Tensor, segment: torch.Tensor
    ) -> torch.Tensor:
        """Cosines ``[T]``."""
        queries = self.unit.index_select(0, target)
        # A part at a time: two vectors per position take much memory in long histories.
        parts = zip(segment.split(_ROWS), history.split(_ROWS), strict=True)
        pairs = (
            (queries.index_select(0, rows), self.unit.index_select(0, items))
            for rows, items in parts
        )
        return torch.cat([(query * key).sum(1) for query, key in pairs])

    def _of_request(self, target: torch.Tensor, only: torch.Tensor) -> torch.Tensor:
        """Cosines ``[B * H]`` of every pair, which are sums in another order."""
        of_history = self.unit.index_select(0, only)
        # Few rows at a time stay in a core's cache.
        products = [
            functional.linear(self.unit.index_select(0, part), of_history)
            for part in target.split(_TARGETS)
        ]
        return torch.cat(products).flatten()


def _unit_rows(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of length 1 or 0, ``[n, d]`` float32, and ``[n]`` float32, 1 or 0."""
    unit = np.array(vectors, np.float32)
    normalize_rows(unit)
    return unit, unit.any(axis=1).astype(np.float32)
