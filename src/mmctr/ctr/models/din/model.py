"""The Deep Interest Network on an item table."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.features.basic import ITEM_ID_DROPOUT_LAYER
from mmctr.ctr.features.code_matches import CodeMatches
from mmctr.ctr.features.content import NO_CONTENT
from mmctr.ctr.features.fields import ROW_FIELDS_LAYER, FieldVectors
from mmctr.ctr.features.item_embedding import ItemEmbedding
from mmctr.ctr.features.row_statistics import RowStatistics, StatisticScales
from mmctr.ctr.features.similarity import SimilarityHistogram
from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.inputs.field_columns import FieldSpec
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.layers.item_vectors import ItemVectors
from mmctr.ctr.layers.low_cardinality import LowCardinalityBlock, add_rows
from mmctr.ctr.layers.mlp import mlp
from mmctr.ctr.models.din.attention import TargetAttention
from mmctr.ctr.params import CtrParams
from mmctr.data.raw_schemas import MAX_LEVEL
from mmctr.runtime.linear import linear, spare_rows

EMPTY_HISTORY = "empty_history"
"""Name of the weights that stand for a history without items."""


class Din(nn.Module):
    """DIN (Zhou et al., 2018); each distinct item of a batch is embedded once.

    Shapes: a :class:`~mmctr.ctr.inputs.click_log.Batch` of B rows -> logits ``[B]``.
    """

    def __init__(
        self,
        table: ItemTable,
        seen: np.ndarray,
        params: CtrParams,
        statistics: StatisticScales | None = None,
        row_fields: Sequence[FieldSpec] = (),
        *,
        empty_history: bool = False,
    ) -> None:
        """Build the network, its weights drawn by the seed.

        Args:
            table: The items.
            seen: ``[n_items + 1]`` bool, the items of the training rows; all False
                where weights will be loaded.
            params: Features and sizes.
            statistics: Scales of the row statistics; None, or none in it, for a model
                without.
            row_fields: Fields of user and row.
            empty_history: Whether a history without items has a learned vector in
                place of the pooled one; otherwise that is zeros.

        Raises:
            ValueError: If items have no feature, the content is missing, or codes do
                not suit their embedding.
        """
        super().__init__()
        model = params.model
        self._code_entry = model.code_entry
        self.statistic_names = () if statistics is None else statistics.names
        attention_layers = ITEM_ID_DROPOUT_LAYER + 1
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(params.seed)
            self.items = ItemEmbedding(
                table, seen, params.features, model, seed=params.seed
            )
            self.row_levels = nn.ModuleList(
                nn.Embedding(MAX_LEVEL + 1, model.embedding_dim)
                for _ in range(2 * params.features.row_levels)
            )
            self.attention = TargetAttention(
                self.items.width,
                model.attention_units,
                dropout=model.attention_dropout,
                seed=params.seed,
                first_layer=attention_layers,
            )
            self.comparisons = nn.ModuleDict(_comparisons(table, params))
            # Features of rows and not of items.
            own = len(self.row_levels) + len(self.comparisons)
            width = 2 * self.items.width + own * model.embedding_dim
            self.row_statistics: RowStatistics | None = None
            if statistics is not None and statistics.names:
                self.row_statistics = RowStatistics(statistics)
                width += self.row_statistics.width
            self.row_fields: FieldVectors | None = None
            if row_fields:
                self.row_fields = FieldVectors(
                    row_fields,
                    model.embedding_dim,
                    dropout=model.field_dropout,
                    seed=params.seed,
                    layer=ROW_FIELDS_LAYER,
                )
                width += self.row_fields.width
            self.dnn = mlp(
                width,
                model.dnn_units,
                dropout=model.dnn_dropout,
                batch_norm=model.batch_norm,
                seed=params.seed,
                first_layer=attention_layers + len(model.attention_units),
            )
            self._initialise(model.embedding_std)
        # From zeros on, as such a history is pooled without it.
        zeros = nn.Parameter(torch.zeros(self.items.width)) if empty_history else None
        self.register_parameter(EMPTY_HISTORY, zeros)

    def _initialise(self, embedding_std: float) -> None:
        """Normal embeddings, Xavier-normal layers, zero biases, as FuxiCTR starts."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_normal_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=embedding_std)
                if module.padding_idx is not None:
                    with torch.no_grad():
                        module.weight[module.padding_idx].zero_()
        for module in self.modules():
            if isinstance(module, FieldVectors):
                module.reset_special()

    @torch.no_grad()
    def start_at(self, rate: float) -> None:
        """Make every probability this click rate, before any training.

        Where clicks are rare, the first steps would otherwise learn the rate alone, by
        every weight that can lower a logit.
        """
        last = self.dnn[-1]
        last.weight.zero_()
        last.bias.fill_(math.log(rate / (1 - rate)))

    @property
    def content(self) -> str:
        """The content forms of title and image, for display."""
        names = [*self.items.features, *self.comparisons]
        endings = {name.rpartition("_")[2] for name in names}
        forms = {
            "codes": f"codes ({self._code_entry})",
            "vector": "continuous",
            "similarity": "similarity",
            "matches": "matches",
        }
        there = [form for ending, form in forms.items() if ending in endings]
        return " + ".join(there) or NO_CONTENT

    def embedding_tables(self) -> list[nn.Parameter]:
        """Every embedding table; the L2 penalty applies to these."""
        return [
            module.weight
            for module in self.modules()
            if isinstance(module, nn.Embedding)
        ]

    def forward(self, batch: Batch) -> torch.Tensor:
        """Score the targets of a batch."""
        spare = spare_rows(len(batch.items), batch.items.device)
        items = self.items(functional.pad(batch.items, (0, spare)))
        target, history = batch.places.split([len(batch.target), len(batch.history)])
        pooled = self.attention(items, target, history, batch.segment)
        if self.empty_history is not None:
            is_empty = pooled.new_ones(len(target)).index_fill(0, batch.segment, 0)
            pooled = pooled + is_empty[:, None] * self.empty_history
        compared = [
            comparison(batch.target, batch.history, batch.segment)
            for comparison in self.comparisons.values()
        ]
        if self.row_statistics is not None:
            compared.append(self.row_statistics(batch.statistics))
        if self.row_fields is not None:
            compared.append(self.row_fields(batch.field_codes, batch.field_values))
        dense = torch.cat([pooled, *compared], dim=1) if compared else pooled
        hidden = self._first_layer(items, target, dense, batch.row_levels)
        return self.dnn[1:](hidden).squeeze(1)

    def _first_layer(
        self,
        items: ItemVectors,
        target: torch.Tensor,
        dense: torch.Tensor,
        row_levels: torch.Tensor,
    ) -> torch.Tensor:
        """The DNN's first layer on row levels, target and dense inputs, side by side.

        The last are the pooled history, what compares it to the target, row statistics
        and the fields of user and row. What levels add to it is looked up, as in
        attention.
        """
        first = self.dnn[0]
        matrix = first.weight
        tables, rows = [], []
        if self.row_levels:
            vectors = torch.stack([table.weight for table in self.row_levels])
            block = LowCardinalityBlock(0, vectors, row_levels.T)
            matrix, own = block.cut(matrix)
            tables.append(vectors @ own)
            rows.append(block.rows)
        if items.levels is not None:
            matrix, own = items.levels.cut(matrix)
            tables.append(items.levels.vectors @ own)
            rows.append(items.levels.of(target).rows)
        free = torch.cat([functional.embedding(target, items.free), dense], dim=1)
        hidden = linear(free, matrix, first.bias)
        if tables:
            hidden = hidden + add_rows([table.to(free.dtype) for table in tables], rows)
        return hidden


def _comparisons(table: ItemTable, params: CtrParams) -> dict[str, nn.Module]:
    """Layers that compare target and history by content, by modality and form."""
    features, model = params.features, params.model
    built: dict[str, nn.Module] = {}
    if "similarity" in features.forms:
        for modality, vectors in table.vectors_for(features).items():
            built[f"{modality}_similarity"] = SimilarityHistogram(
                vectors, model.embedding_dim, model.similarity
            )
    if "matches" in features.forms:
        for modality, codes in table.codes_for(features).items():
            built[f"{modality}_matches"] = CodeMatches(codes, model.embedding_dim)
    return built
