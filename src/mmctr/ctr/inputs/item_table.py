"""All per-item inputs of a model, as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers.reconstruction import reconstruct_from_codes
from mmctr.ctr.inputs.field_columns import FieldColumns
from mmctr.ctr.inputs.named_fields import require_named_modalities
from mmctr.ctr.params import FeatureParams
from mmctr.data.columns import matrix_column
from mmctr.data.contracts import codes_columns


@dataclass(frozen=True)
class ItemTable:
    """Row i is item i, row 0 is padding; 0 is padding in every column.

    Attributes:
        n_items: Number of items, without padding.
        codes: By modality ``[n_items + 1, positions]`` int32, code + 1; no position if
            absent.
        vectors: By modality ``[n_items + 1, d]`` float32, zeros for an item without; no
            column if absent. A memory map is read only where vectors are used.
        fields: Fields of the items; without any it may have no rows.
    """

    n_items: int
    codes: Mapping[str, np.ndarray] = field(default_factory=dict)
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)
    fields: FieldColumns = field(default_factory=lambda: FieldColumns.none(0))

    @property
    def arrays(self) -> list[np.ndarray]:
        """All arrays; large ones may lie in mapped files."""
        of_modalities = (*self.codes.values(), *self.vectors.values())
        return [*of_modalities, self.fields.codes, self.fields.values]

    def codes_for(self, features: FeatureParams) -> dict[str, np.ndarray]:
        """Codes by modality, where present and switched on.

        Raises:
            ValueError: If the features name a modality that the items don't have.
        """
        return self._present(self.codes, features)

    def vectors_for(self, features: FeatureParams) -> dict[str, np.ndarray]:
        """Vectors by modality, where present and switched on.

        Raises:
            ValueError: If modalities are named and there are none of them, or the
                codes to reconstruct vectors from are missing.
        """
        present = self._present(self.vectors, features)
        if not present and features.modalities != "all":
            raise ValueError(
                f"ctr_modeling.features.content={features.content} needs item vectors, "
                f"and there are none of ctr_modeling.features.modalities="
                f"{features.modalities}: name one that this data set has"
            )
        if features.vectors == "own":
            return present
        codes = self._present(self.codes)
        lacking = [name for name in present if name not in codes]
        if lacking:
            raise ValueError(
                "ctr_modeling.features.vectors=decoded needs codes, and the "
                f"{lacking[0]} vectors have none; run the quantization pipeline, or "
                "use own"
            )
        for name, vectors in present.items():
            if name not in self._reconstructed:
                self._reconstructed[name] = reconstruct_from_codes(vectors, codes[name])
        return {name: self._reconstructed[name] for name in present}

    def compared_for(self, features: FeatureParams) -> tuple[str, ...]:
        """Modalities whose own vectors compare target and history, in order."""
        if "similarity" not in features.forms or features.vectors != "own":
            return ()
        return tuple(self.vectors_for(features))

    def _present(
        self, arrays: Mapping[str, np.ndarray], features: FeatureParams | None = None
    ) -> dict[str, np.ndarray]:
        """Arrays by modality, where they have a column and are switched on."""
        chosen = features.modalities if features else "all"
        if features:
            require_named_modalities(features, arrays)
        return {
            name: array
            for name, array in arrays.items()
            if array.shape[1] and (chosen == "all" or name in chosen)
        }

    @cached_property
    def _reconstructed(self) -> dict[str, np.ndarray]:
        """Vectors made of codes, by modality; filled by :meth:`vectors_for`."""
        return {}

    @classmethod
    def from_arrow(
        cls, table: pa.Table, vectors: Mapping[str, np.ndarray] | None = None
    ) -> "ItemTable":
        """Read the fusion pipeline's ``item_table``.

        Args:
            table: Row i is item i, row 0 is padding.
            vectors: By modality ``[n_items + 1, d]`` float32, of the embedding
                pipeline; None for a model that needs none.

        Raises:
            ValueError: If the rows are not numbered from 0, row 0 is not padding, codes
                differ in length, or vectors have another number of rows.
        """
        ids = table["item_id"].to_numpy()
        rows = np.flatnonzero(ids != np.arange(len(ids)))
        if rows.size:
            raise ValueError(
                f"item_table: row {rows[0]} is item {ids[rows[0]]}; rows must be "
                "numbered from 0, run the fusion pipeline again"
            )
        built = cls(
            n_items=len(ids) - 1,
            codes={
                modality: matrix_column(table, name, "item_table")
                for modality, name in codes_columns(table.column_names).items()
            },
            vectors=_checked(vectors or {}, len(ids)),
            fields=FieldColumns.from_arrow(table),
        )
        if built.fields.codes[:1].any():
            raise ValueError("item_table: row 0 must be padding, all zero")
        return built


def _checked(vectors: Mapping[str, np.ndarray], rows: int) -> Mapping[str, np.ndarray]:
    for modality, array in vectors.items():
        if array.ndim != 2 or len(array) != rows or array[0].any():
            raise ValueError(
                f"{modality} vectors have shape {list(array.shape)} for {rows - 1} "
                "items; expected one row per item, behind a row 0 of zeros; run the "
                "embedding pipeline again"
            )
    return vectors
