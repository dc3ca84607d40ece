"""How items become vectors: one small module a kind of feature."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.dropout import StepDropout
from mmctr.ctr.item_table import ItemTable
from mmctr.ctr.item_vectors import ItemVectors
from mmctr.ctr.levels import LevelBlock
from mmctr.ctr.params import DinParams, FeatureParams
from mmctr.linear import linear
from mmctr.schemas import MAX_LEVEL

ITEM_ID_DROPOUT_LAYER = 0
"""Number of the item-id dropout among a model's dropout layers."""


class ItemId(nn.Module):
    """A vector an item, and one more for items that training has not seen.

    Shapes: ``items [U]`` -> ``[U, D]``.
    """

    def __init__(
        self, seen: np.ndarray, dim: int, *, dropout: float, seed: int
    ) -> None:
        """Set up the table.

        Args:
            seen: ``[n_items + 1]`` bool, the items of the training rows.
            dim: Width.
            dropout: Share of items whose id is hidden in a training step. If it is 0
                the
                out-of-vocabulary row is not trained, so unseen items keep their own
                row.
            seed: Of the dropout.
        """
        super().__init__()
        n_rows = len(seen) + 1
        rows = torch.arange(len(seen))
        if dropout > 0:
            rows[~torch.from_numpy(seen)] = n_rows - 1
            rows[0] = 0
        self.register_buffer("row_of_item", rows)
        self.table = nn.Embedding(n_rows, dim, padding_idx=0)
        self.dropout = StepDropout(dropout, seed=seed, layer=ITEM_ID_DROPOUT_LAYER)
        self._hides = dropout > 0

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Look the items up."""
        rows = self.row_of_item.index_select(0, items)
        if self.training and self._hides:
            kept = self.dropout.draw_kept(rows.shape, rows.device)
            rows = torch.where(kept | (rows == 0), rows, self.table.num_embeddings - 1)
        return self.table(rows)


class Level(nn.Module):
    """A vector a level.

    It gives the vectors and their rows, so that layers can be computed once a level.
    """

    def __init__(self, levels: np.ndarray, dim: int) -> None:
        """Take ``[n_items + 1]`` levels + 1, 0 for padding."""
        super().__init__()
        self.register_buffer("levels", torch.from_numpy(levels), persistent=False)
        self.table = nn.Embedding(MAX_LEVEL + 2, dim, padding_idx=0)
        self.register_buffer("_all", torch.arange(MAX_LEVEL + 2), persistent=False)

    def vectors(self) -> torch.Tensor:
        """``[levels, D]``; padding takes no gradient."""
        return self.table(self._all)

    def rows(self, items: torch.Tensor) -> torch.Tensor:
        """The row of those vectors of each item: ``items [U]`` -> ``[U]``."""
        return self.levels.index_select(0, items)


class MeanBag(nn.Module):
    """The mean vector of a few ids an item, padding left out.

    Shapes: ``items [U]`` -> ``[U, D]``; zeros for an item without ids.
    """

    def __init__(self, ids: np.ndarray, dim: int) -> None:
        """Take ``[n_items + 1, n]`` ids, 0 for padding."""
        super().__init__()
        self.register_buffer("ids", torch.from_numpy(ids), persistent=False)
        given = (ids > 0).astype(np.float32)
        counts = given.sum(axis=1, keepdims=True).clip(min=1)
        self.register_buffer("given", torch.from_numpy(given), persistent=False)
        self.register_buffer("counts", torch.from_numpy(counts), persistent=False)
        self.table = nn.Embedding(int(ids.max()) + 1, dim, padding_idx=0)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Pool the items' ids."""
        # A weighted sum takes torch's fast path on a CPU; means and padding don't.
        pooled = functional.embedding_bag(
            self.ids.index_select(0, items),
            self.table.weight,
            mode="sum",
            per_sample_weights=self.given.index_select(0, items),
        )
        return pooled / self.counts.index_select(0, items)


class CodeBag(nn.Module):
    """The mean vector of many codes an item: one table for all positions.

    Equal to looking every code up and averaging, but computed as ``histogram @ table``:
    the histograms are built once an item, not once a batch.

    Shapes: ``items [U]`` -> ``[U, D]``.
    """

    def __init__(self, codes: np.ndarray, dim: int) -> None:
        """Take ``[n_items + 1, positions]`` codes + 1, 0 for padding."""
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
        self.table = nn.Embedding(n_codes, dim, padding_idx=0)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Average the vectors of the items' codes."""
        weight = self.table.weight
        # Plain indexing takes six times as long as index_select on a CPU.
        histogram = self.histogram.index_select(0, items).to(weight.dtype)
        return linear(histogram, weight.T) / self.counts.index_select(0, items)


class PositionalCodes(nn.Module):
    """A table a position: the sum of an item's code vectors, over sqrt(positions).

    Shapes: ``items [U]`` -> ``[U, D]``.
    """

    def __init__(self, codes: np.ndarray, dim: int) -> None:
        """Take ``[n_items + 1, positions]`` codes + 1, 0 for padding."""
        super().__init__()
        positions = codes.shape[1]
        codebook_size = int(codes.max())
        # All tables lie in one, so that one pooled lookup serves every position.
        rows = np.where(codes > 0, codes + np.arange(positions) * codebook_size, 0)
        self.register_buffer("rows", torch.from_numpy(rows), persistent=False)
        self.table = nn.Embedding(positions * codebook_size + 1, dim, padding_idx=0)
        self._scale = 1 / math.sqrt(positions)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Add up the vectors of the items' codes."""
        pooled = functional.embedding_bag(
            self.rows.index_select(0, items),
            self.table.weight,
            mode="sum",
            padding_idx=0,
        )
        return pooled * self._scale


class ItemEmbedding(nn.Module):
    """All features of an item, side by side.

    Shapes: ``items [U]`` int64 (0 is padding) -> vectors of ``n_features * D`` columns.
    """

    def __init__(
        self,
        table: ItemTable,
        seen: np.ndarray,
        features: FeatureParams,
        params: DinParams,
        *,
        seed: int,
    ) -> None:
        """Build the features that are switched on and there.

        Args:
            table: The items.
            seen: ``[n_items + 1]`` bool, the items of the training rows.
            features: Which features to use.
            params: Width, start and entry of the codes.
            seed: Of the item-id dropout.

        Raises:
            ValueError: If no feature is left.
        """
        super().__init__()
        dim = params.embedding_dim
        code_entry = CodeBag if params.code_entry == "bag" else PositionalCodes
        built: dict[str, nn.Module] = {}
        if features.item_id:
            built["item_id"] = ItemId(
                seen, dim, dropout=params.item_id_dropout, seed=seed
            )
        if features.tags and table.tags.any():
            built["tags"] = MeanBag(table.tags, dim)
        # Levels stand side by side: a LevelBlock.
        if features.likes:
            built["likes"] = Level(table.likes, dim)
        if features.views:
            built["views"] = Level(table.views, dim)
        if features.title_codes and table.title_codes.shape[1]:
            built["title_codes"] = code_entry(table.title_codes, dim)
        if features.image_codes and table.image_codes.shape[1]:
            built["image_codes"] = code_entry(table.image_codes, dim)
        if not built:
            raise ValueError(
                "ctr_modeling.features leaves items without any feature; switch one on"
            )
        self.features = nn.ModuleDict(built)
        self.width = len(built) * dim

    def forward(self, items: torch.Tensor) -> ItemVectors:
        """Embed the items."""
        features = list(self.features.values())
        levels = [feature for feature in features if isinstance(feature, Level)]
        free = [feature(items) for feature in features if feature not in levels]
        if not free:
            free = [torch.empty(len(items), 0, device=items.device)]
        block = None
        if levels:
            column = features.index(levels[0]) * levels[0].table.embedding_dim
            vectors = torch.stack([level.vectors() for level in levels])
            rows = torch.stack([level.rows(items) for level in levels])
            block = LevelBlock(column, vectors, rows)
        return ItemVectors(torch.cat(free, dim=1), block)
