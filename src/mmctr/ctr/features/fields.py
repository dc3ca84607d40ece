"""Vectors of fields: one per code, and the scaled values of numbers."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from torch import nn

from mmctr.ctr.features.growing import AS_DRAWN
from mmctr.ctr.inputs.field_columns import FieldSpec
from mmctr.ctr.layers.dropout import StepDropout
from mmctr.data.fields.field import FIRST, UNKNOWN

ITEM_FIELDS_LAYER, ROW_FIELDS_LAYER = 1_000, 1_001
"""Numbers of their dropouts among a model's dropout layers."""


class FieldVectors(nn.Module):
    """A vector per field, tags averaged, then the scaled values.

    A code that train does not have, missing or rare say, has the vector zero; that of
    unknown values is trained by hiding some values in every step. Pairs of crosses
    start at zero, so that one train does not have changes nothing.

    Shapes: ``codes [N, C]`` int64, ``values [N, V]`` -> ``[N, width]``.
    """

    def __init__(
        self,
        specs: Sequence[FieldSpec],
        dim: int,
        *,
        dropout: float,
        seed: int,
        layer: int,
    ) -> None:
        """Set up one table for all fields.

        Args:
            specs: The fields, in the order of their columns.
            dim: Columns per vector.
            dropout: Share of values that a training step hides.
            seed: Seed of the dropout.
            layer: Its number.
        """
        super().__init__()
        self._widths = [spec.width for spec in specs]
        # Padding, code 0 of every field, is row 0 of the table.
        sizes = np.array([spec.size - 1 for spec in specs])
        starts = np.concatenate([[0], np.cumsum(sizes)])
        self._specs, self._starts = tuple(specs), starts[:-1].tolist()
        offsets = torch.from_numpy(np.repeat(starts[:-1], self._widths))
        self.register_buffer("_offsets", offsets, persistent=False)
        self.table = nn.Embedding(int(starts[-1]) + 1, dim, padding_idx=0)
        self._zeros = [
            slice(start + 1, start + (spec.size if spec.is_cross else FIRST))
            for start, spec in zip(self._starts, specs, strict=True)
        ]
        self.dropout = StepDropout(dropout, seed=seed, layer=layer)
        self._hides = dropout > 0
        self.width = len(specs) * dim + sum(spec.has_value for spec in specs)

    @torch.no_grad()
    def reset_special(self) -> None:
        """Set the vectors that train may not have to zero."""
        for rows in self._zeros:
            self.table.weight[rows] = 0

    def forward(self, codes: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Look the fields up."""
        if self.training and self._hides:
            kept = self.dropout.draw_kept(codes.shape, codes.device)
            codes = torch.where(kept | (codes == 0), codes, UNKNOWN)
        rows = torch.where(codes == 0, 0, codes + self._offsets)
        vectors = self.table(rows)
        if len(self._widths) < codes.shape[1]:
            parts = [
                _mean(part, own)
                for part, own in zip(
                    vectors.split(self._widths, dim=1),
                    codes.split(self._widths, dim=1),
                    strict=True,
                )
            ]
            flat = torch.cat(parts, dim=1)
        else:
            flat = vectors.flatten(1)
        return torch.cat([flat, values.to(flat.dtype)], dim=1)

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the values that the earlier fields have; new ones are unknown ones.

        Raises:
            ValueError: If the fields are others.
        """
        if self._forms != earlier._forms:
            raise ValueError(
                f"the model's fields are others: {_names(earlier._specs)} there, "
                f"{_names(self._specs)} here; give the same parameters of fields"
            )
        found = torch.full((self.table.num_embeddings,), AS_DRAWN)
        found[0] = 0
        for spec, start, old, old_start in zip(
            self._specs, self._starts, earlier._specs, earlier._starts, strict=True
        ):
            codes = torch.arange(1, spec.size)
            found[start + codes] = old_start + _earlier_codes(codes, spec, old)
        return found

    @property
    def _forms(self) -> list[tuple[str, bool]]:
        return [(spec.name, spec.has_value) for spec in self._specs]


def _names(specs: Sequence[FieldSpec]) -> str:
    return ", ".join(spec.name for spec in specs) or "none"


def _earlier_codes(
    codes: torch.Tensor, spec: FieldSpec, old: FieldSpec
) -> torch.Tensor:
    """Codes of an earlier field; those that it lacks are the code of unknown ones."""
    if not spec.is_cross:
        return torch.where(codes < old.size, codes, UNKNOWN)
    first, second = codes // spec.inner, codes % spec.inner
    first = torch.where(first < old.size // old.inner, first, UNKNOWN)
    second = torch.where(second < old.inner, second, UNKNOWN)
    # A pair with padding is row 0 in neither.
    return (first * old.inner + second).clamp(min=1)


def _mean(vectors: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """The mean of the vectors that are no padding: ``[N, W, D]`` -> ``[N, D]``."""
    counts = (codes > 0).sum(dim=1, keepdim=True).clamp(min=1)
    return vectors.sum(dim=1) / counts


class ItemFields(nn.Module):
    """The fields of items.

    Shapes: ``items [U]`` -> ``[U, width]``; zeros for padding.
    """

    def __init__(
        self, codes: np.ndarray, values: np.ndarray, vectors: FieldVectors
    ) -> None:
        """Store ``[n_items + 1, C]`` int64 codes and ``[n_items + 1, V]`` values."""
        super().__init__()
        self.register_buffer("codes", torch.from_numpy(codes), persistent=False)
        self.register_buffer("values", torch.from_numpy(values), persistent=False)
        self.vectors = vectors
        self.width = vectors.width

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Look the items up."""
        return self.vectors(
            self.codes.index_select(0, items), self.values.index_select(0, items)
        )
