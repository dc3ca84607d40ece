"""What all models have in common that are an interest and a head."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.features.basic import ITEM_ID_DROPOUT_LAYER
from mmctr.ctr.features.code_matches import CodeMatches
from mmctr.ctr.features.content import NO_CONTENT
from mmctr.ctr.features.fields import ROW_FIELDS_LAYER, FieldTable, FieldVectors
from mmctr.ctr.features.item_embedding import ItemEmbedding
from mmctr.ctr.features.row_statistics import RowStatistics, StatisticScales
from mmctr.ctr.features.similarity import SimilarityHistogram
from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.inputs.field_columns import FieldSpec
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.layers.split_columns import SplitColumns
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import EmbeddedBatch, Interest
from mmctr.ctr.models.heads import OWN_HEAD, make_head
from mmctr.ctr.models.padded import PaddedModel
from mmctr.ctr.params import CtrParams
from mmctr.runtime.linear import spare_rows

EMPTY_HISTORY = "empty_history"
"""Name of the weights that stand for a history without items."""


class InterestModel(nn.Module, ABC):
    """Items, an interest, features of rows, and a head.

    Each distinct item of a batch is embedded once.

    Shapes: a :class:`~mmctr.ctr.inputs.click_log.Batch` of B rows -> logits ``[B]``.
    """

    own_head: ClassVar[str] = "mlp"
    """The head that the model was published with."""

    reads_history: ClassVar[bool] = True
    """Whether the interest depends on the history."""

    @staticmethod
    @abstractmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> Interest:
        """Build the interest.

        Args:
            width: Columns per item.
            params: Sizes.
            seed: Seed of the dropout.
            first_layer: Number of its first dropout layer in the model.
        """

    def __init__(
        self,
        table: ItemTable,
        counts: np.ndarray,
        params: CtrParams,
        statistics: StatisticScales | None = None,
        row_fields: Sequence[FieldSpec] = (),
        *,
        empty_history: bool = False,
    ) -> None:
        """Build the network, its weights drawn by the seed.

        Args:
            table: The items.
            counts: ``[n_items + 1]`` int64, how often each item is a target or in a
                history of the training rows; zeros where weights will be loaded.
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
        interest_layers = ITEM_ID_DROPOUT_LAYER + 1
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(params.seed)
            self.items = ItemEmbedding(
                table, counts, params.features, model, seed=params.seed
            )
            self.row_fields: FieldVectors | None = None
            if row_fields:
                self.row_fields = FieldVectors(
                    row_fields,
                    model.embedding_dim,
                    dropout=model.field_dropout,
                    seed=params.seed,
                    layer=ROW_FIELDS_LAYER,
                    padded=False,
                )
            self.interest = self.make_interest(
                self.items.width,
                model,
                seed=params.seed,
                first_layer=interest_layers,
            )
            self.comparisons = nn.ModuleDict(_comparisons(table, params))
            # Features of rows and not of items.
            width = self.items.width + self.interest.width
            width += len(self.comparisons) * model.embedding_dim
            self.row_statistics: RowStatistics | None = None
            if statistics is not None and statistics.names:
                self.row_statistics = RowStatistics(statistics)
                width += self.row_statistics.width
            if self.row_fields is not None:
                width += self.row_fields.width
            self.head = make_head(
                self.own_head if model.head == OWN_HEAD else model.head,
                width,
                model,
                seed=params.seed,
                first_layer=interest_layers + self.interest.dropouts,
            )
            self._initialise(model.embedding_std)
        # From zeros on, as such a history is pooled without it.
        zeros = torch.zeros(self.interest.width)
        own = nn.Parameter(zeros) if empty_history and len(zeros) else None
        self.register_parameter(EMPTY_HISTORY, own)

    def _initialise(self, embedding_std: float) -> None:
        """Normal embeddings, Xavier-normal layers, zero biases, as FuxiCTR starts."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_normal_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, FieldTable):
                module.draw(embedding_std)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=embedding_std)
                if module.padding_idx is not None:
                    with torch.no_grad():
                        module.weight[module.padding_idx].zero_()

    @torch.no_grad()
    def start_at(self, rate: float) -> None:
        """Make every probability this click rate, before any training.

        Where clicks are rare, the first steps would otherwise learn the rate alone, by
        every weight that can lower a logit.
        """
        last = self.head.last
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
        embedded = self._embed(batch)
        items, target = embedded.items, embedded.target
        pooled = self.interest(embedded)
        if self.empty_history is not None:
            is_empty = pooled.new_ones(len(target)).index_fill(0, batch.segment, 0)
            pooled = pooled + is_empty[:, None] * self.empty_history
        compared = self._compare(batch)
        if self.row_statistics is not None:
            compared.append(self.row_statistics(batch.statistics))
        # Side by side: the row's fields of few levels, target, interest, comparisons,
        # the row's others.
        blocks = []
        if self.row_fields is not None:
            of_row = self.row_fields(batch.field_codes, batch.field_values)
            compared.append(of_row.free)
            if of_row.levels is not None:
                blocks.append(of_row.levels._replace(column=0))
        own = functional.embedding(target, items.free)
        if items.levels is not None:
            blocks.append(items.levels.of(target))
        free = torch.cat([own, pooled, *compared], dim=1)
        return self.head(SplitColumns(free, tuple(blocks)))

    def _compare(self, batch: Batch) -> list[torch.Tensor]:
        """Compare targets and histories by content, ``[B, D]`` each."""
        parts, found = (batch.target, batch.history, batch.segment), []
        known = iter(batch.cosines)
        for comparison in self.comparisons.values():
            given = isinstance(comparison, SimilarityHistogram)
            own = (next(known, None),) if given else ()
            found.append(comparison(*parts, *own))
        return found

    def history_weights(self, batch: Batch) -> torch.Tensor:
        """``[T]``, how much each position of the history counts."""
        return self.interest.weights(self._embed(batch))

    def _embed(self, batch: Batch) -> EmbeddedBatch:
        spare = spare_rows(len(batch.items), batch.items.device)
        items = self.items(functional.pad(batch.items, (0, spare)))
        target, history = batch.places.split([len(batch.target), len(batch.history)])
        return EmbeddedBatch(items, target, history, batch.segment)

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values that a training step holds from forward to backward, roughly."""
        own = 2 * items * self.items.width
        own += self.interest.activations(rows, positions, items)
        return own + self.head.activations(rows)

    @property
    def stages(self) -> int:
        """Parts computed one after the other; scoring holds one's values at a time."""
        return self.interest.stages

    def padded(self, n_items: int, max_history: int) -> nn.Module:
        """The same function on padded histories; see :class:`PaddedModel`."""
        return PaddedModel(self, n_items, max_history)


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
