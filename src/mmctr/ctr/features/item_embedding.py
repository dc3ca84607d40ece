"""Item embeddings: all features of an item, concatenated."""

import numpy as np
import torch
from torch import nn

from mmctr.ctr.features.basic import ItemId
from mmctr.ctr.features.codes import make_code_embedding
from mmctr.ctr.features.fields import ITEM_FIELDS_LAYER, FieldVectors, ItemFields
from mmctr.ctr.features.vectors import ContinuousVector
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.layers.computed_once import ComputedOnce
from mmctr.ctr.layers.item_vectors import ItemVectors
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.params import FeatureParams
from mmctr.runtime.scratch import LARGE

_FLOAT = 4


class ItemEmbedding(nn.Module, ComputedOnce):
    """All features of an item, concatenated.

    Shapes: ``items [U]`` int64 (0 is padding) -> vectors of ``width`` columns.
    """

    def __init__(
        self,
        table: ItemTable,
        counts: np.ndarray,
        features: FeatureParams,
        params: ModelParams,
        *,
        seed: int,
    ) -> None:
        """Build the features that are switched on and available.

        Args:
            table: The items.
            counts: ``[n_items + 1]`` int64, how often each item is a target or in a
                history of the training rows; zeros where weights will be loaded.
            features: Which features to use.
            params: Width, initialisation and embedding of the codes.
            seed: Seed of the item-id dropout.

        Raises:
            ValueError: If no feature is left, or the content is missing from the table.
        """
        super().__init__()
        dim, seen = params.embedding_dim, counts > 0
        built: dict[str, nn.Module] = {}
        if features.item_id:
            built["item_id"] = ItemId(
                counts,
                dim,
                dropout=params.item_id_dropout,
                min_rows=features.item_id_min_rows,
                seed=seed,
            )
        fields = table.fields.select(features.fields, without=features.without)
        if fields.specs:
            vectors_of_fields = FieldVectors(
                fields.specs,
                dim,
                dropout=params.field_dropout,
                seed=seed,
                layer=ITEM_FIELDS_LAYER,
                padded=True,
            )
            built["fields"] = ItemFields(fields.codes, fields.values, vectors_of_fields)
        if "codes" in features.forms:
            for modality, codes in table.codes_for(features).items():
                built[f"{modality}_codes"] = make_code_embedding(codes, seen, params)
        if "continuous" in features.forms:
            for modality, vectors in table.vectors_for(features).items():
                built[f"{modality}_vector"] = ContinuousVector(
                    vectors, seen, dim, params.continuous
                )
        if not built:
            raise ValueError(
                "ctr_modeling.features leaves items without any feature (content="
                f"{features.content}); switch one on, for instance item_id=true"
            )
        self.features = nn.ModuleDict(built)
        self.width = sum(feature.width for feature in built.values())
        self._n_items = table.n_items
        self._embedded: ItemVectors | None = None

    def compute_once(self) -> None:
        """Embed all items, to be looked up from now on, where they fit in memory.

        For scoring: a batch of training has few of the items.
        """
        if (self._n_items + 1) * self.width * _FLOAT > LARGE:
            return
        device = next(self.parameters()).device
        self._embedded = self(torch.arange(self._n_items + 1, device=device))

    @property
    def names(self) -> list[str]:
        """What is concatenated, fields by their own names."""
        found = []
        for name, feature in self.features.items():
            is_fields = isinstance(feature, ItemFields)
            found += feature.vectors.table.rows if is_fields else [name]
        return found

    def forward(self, items: torch.Tensor) -> ItemVectors:
        """Embed the items."""
        if self._embedded is not None:
            return self._embedded.of(items)
        free, levels, before = [], None, 0
        for feature in self.features.values():
            found = feature(items)
            if isinstance(found, ItemVectors):
                if found.levels is not None:
                    column = before + found.levels.column
                    levels = found.levels._replace(column=column)
                found = found.free
            free.append(found)
            before += found.shape[1]
        return ItemVectors(torch.cat(free, dim=1), levels)
