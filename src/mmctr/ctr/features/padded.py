"""Features of rows on padded histories, in operations that every export knows."""

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.features.code_matches import CodeMatches
from mmctr.ctr.features.row_statistics import MODULE, RowStatistics, StatisticScales
from mmctr.ctr.features.similarity import SimilarityHistogram
from mmctr.ctr.layers.plain import plain_linear


class PaddedSimilarity(nn.Module):
    """The same as :class:`~mmctr.ctr.features.similarity.SimilarityHistogram`.

    Shapes: ``target [B]``, ``history [B, H]``, ``counted [B, H]`` bool -> ``[B, D]``.
    """

    def __init__(self, trained: SimilarityHistogram) -> None:
        """Share its tensors."""
        super().__init__()
        self.trained = trained
        self.layer = trained.layer

    def forward(
        self, target: torch.Tensor, history: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """Count, and pass the counts through the layer."""
        unit, has_vector = self.trained.unit, self.trained.has_vector
        query, keys = unit[target], unit[history]
        cosines = (keys @ query[:, :, None]).squeeze(2)
        both = has_vector[target][:, None] * has_vector[history] * counted
        counts = both[:, :, None] * _one_hot(self.trained.bucket_of(cosines), len(self))
        return functional.relu(
            plain_linear(self.layer, self.trained.scaled(counts.sum(1)))
        )

    def __len__(self) -> int:
        """Number of buckets."""
        return self.layer.in_features


class PaddedMatches(nn.Module):
    """The same as :class:`~mmctr.ctr.features.code_matches.CodeMatches`.

    Shapes: ``target [B]``, ``history [B, H]``, ``counted [B, H]`` bool -> ``[B, D]``.
    """

    def __init__(self, trained: CodeMatches) -> None:
        """Share its tensors."""
        super().__init__()
        self.register_buffer("codes", trained.codes)
        self.layer = trained.layer

    def forward(
        self, target: torch.Tensor, history: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """Count, and pass the counts through the layer."""
        own = self.codes[history]
        same = (self.codes[target][:, None] == own) & (own > 0) & counted[:, :, None]
        positions = own.shape[2]
        # Behind the positions of those that agree in none.
        by_number = _one_hot(same.sum(2), positions + 1).sum(1)[:, 1:]
        counts = torch.cat([same.float().sum(1), by_number], dim=1)
        return functional.relu(plain_linear(self.layer, counts.log1p()))


class ComparedStatistics(RowStatistics):
    """Row statistics whose quantiles are found by comparing with all points."""

    def __init__(self, trained: RowStatistics) -> None:
        """Take its scales."""
        weights = trained.state_dict(prefix=f"{MODULE}.")
        super().__init__(StatisticScales.of_weights(weights))

    def forward(self, statistics: torch.Tensor) -> torch.Tensor:
        """Scale a batch."""
        return self.on_any_device(statistics)

    def _first_at_least(self, columns: torch.Tensor) -> torch.Tensor:
        return (self.points[:, None, :] < columns[:, :, None]).sum(2)


def _one_hot(values: torch.Tensor, count: int) -> torch.Tensor:
    """``[...]`` int64 to ``[..., count]`` float32."""
    return (values[..., None] == torch.arange(count, device=values.device)).float()
