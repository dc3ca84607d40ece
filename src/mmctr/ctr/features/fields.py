"""Vectors of fields: one per code, and the scaled values of numbers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.features.growing import AS_DRAWN
from mmctr.ctr.inputs.field_columns import FieldSpec
from mmctr.ctr.layers.dropout import StepDropout
from mmctr.ctr.layers.item_vectors import ItemVectors
from mmctr.ctr.layers.low_cardinality import LowCardinalityBlock
from mmctr.data.fields.field import FIRST, UNKNOWN

ITEM_FIELDS_LAYER, ROW_FIELDS_LAYER = 1_000, 1_001
"""Numbers of their dropouts among a model's dropout layers."""

FEW_LEVELS = 16
"""Of fields of fewer levels, layers are computed once per level; others may get more
values when training goes on, and would then stand elsewhere."""


class FieldTable(nn.Embedding):
    """The vectors of all fields, one field below the other.

    Attributes:
        rows: By field those of its codes, from the first that has a vector; row 0, of
            zeros, is that of codes without.
    """

    def __init__(self, specs: Sequence[FieldSpec], dim: int, *, padded: bool) -> None:
        """Set up the table.

        Args:
            specs: The fields.
            dim: Columns per vector.
            padded: Whether codes may be padding.
        """
        ends = np.cumsum([1, *(spec.vectors for spec in specs)]).tolist()
        self.rows = {
            spec.name: slice(*own)
            for spec, own in zip(specs, pairwise(ends), strict=True)
        }
        self.specs = tuple(specs)
        self._padded = padded
        super().__init__(ends[-1], dim, padding_idx=0)

    def reset_parameters(self) -> None:
        """Start as torch's tables do."""
        self.draw(1.0)

    @torch.no_grad()
    def draw(self, std: float) -> None:
        """Draw the vectors of values; those that train may not have are zero.

        That is so for missing, unknown and rare values, and for all pairs of crosses,
        so that one that train does not have changes nothing.
        """
        self.weight.zero_()
        for spec in self.specs:
            if not spec.is_cross:
                # Draws are those of a table of this field alone.
                count = spec.size - FIRST + self._padded
                drawn = self.weight.new_empty(count, self.embedding_dim)
                nn.init.normal_(drawn, std=std)
                own = self.weight[self.rows[spec.name]]
                own[FIRST - spec.first_code :] = drawn[int(self._padded) :]


class FieldVectors(nn.Module):
    """A vector per field, tags averaged, and the scaled values of numbers.

    Side by side are single values, tags, scaled values, and the fields of few levels,
    for which layers are computed once per level.

    Shapes: ``codes [N, C]`` int64, ``values [N, V]`` -> N vectors of ``width`` columns.
    """

    def __init__(
        self,
        specs: Sequence[FieldSpec],
        dim: int,
        *,
        dropout: float,
        seed: int,
        layer: int,
        padded: bool,
    ) -> None:
        """Set up one table for all fields.

        Args:
            specs: The fields, in the order of their columns.
            dim: Columns per vector.
            dropout: Share of values that a training step hides, so that the vector of
                unknown ones is trained.
            seed: Seed of the dropout.
            layer: Its number.
            padded: Whether codes may be padding, as those of items.
        """
        super().__init__()
        self.table = FieldTable(specs, dim, padded=padded)
        sizes = torch.tensor([spec.size for spec in specs])
        self.register_buffer("sizes", sizes)
        self.width = len(specs) * dim + sum(spec.has_value for spec in specs)
        widths = [spec.width for spec in specs]
        firsts = (np.cumsum(widths) - widths).tolist()
        few = [_has_few_levels(spec) for spec in specs]
        self._tags = [
            (first, spec.width)
            for first, spec in zip(firsts, specs, strict=True)
            if spec.width > 1
        ]
        self._lay_out(firsts, specs, few)
        for name, numbers in (
            ("_below", [spec.first_code - 1 for spec in specs]),
            ("_offsets", [own.start - 1 for own in self.table.rows.values()]),
        ):
            columns = torch.from_numpy(np.repeat(numbers, widths))
            self.register_buffer(name, columns, persistent=False)
        hidden = np.repeat([spec.is_hidden for spec in specs], widths)
        self.register_buffer("_hidden", torch.from_numpy(hidden), persistent=False)
        axis = "items" if padded else "rows"
        self.dropout = StepDropout(dropout, seed=seed, layer=layer, axis=axis)
        self._hides = dropout > 0 and bool(hidden.any())

    def _lay_out(
        self, firsts: list[int], specs: Sequence[FieldSpec], few: list[bool]
    ) -> None:
        """Note the columns of single values and few levels, and the rows of these."""
        single = [
            first
            for first, spec, is_few in zip(firsts, specs, few, strict=True)
            if spec.width == 1 and not is_few
        ]
        small = [first for first, is_few in zip(firsts, few, strict=True) if is_few]
        self.register_buffer("_single", torch.tensor(single).long(), persistent=False)
        self.register_buffer("_small", torch.tensor(small).long(), persistent=False)
        own = [spec for spec, is_few in zip(specs, few, strict=True) if is_few]
        most = max((spec.vectors for spec in own), default=0)
        rows = torch.zeros(len(own), most + 1, dtype=torch.long)
        for place, spec in enumerate(own):
            of_field = self.table.rows[spec.name]
            rows[place, 1 : spec.vectors + 1] = torch.arange(
                of_field.start, of_field.stop
            )
        self.register_buffer("_small_rows", rows, persistent=False)

    def forward(self, codes: torch.Tensor, values: torch.Tensor) -> ItemVectors:
        """Look the fields up."""
        if self._hides and self.training:
            kept = self.dropout.draw_kept(codes.shape, codes.device)
            codes = torch.where(kept | (codes == 0) | ~self._hidden, codes, UNKNOWN)
        places = (codes - self._below).clamp(min=0)
        rows = torch.where(places == 0, 0, places + self._offsets)
        parts = [self.table(rows.index_select(1, self._single)).flatten(1)]
        for first, width in self._tags:
            parts.append(self._mean(rows[:, first : first + width]))
        free = torch.cat([*parts, values.to(parts[0].dtype)], dim=1)
        if not len(self._small):
            return ItemVectors(free)
        vectors = self.table(self._small_rows)
        own = places.index_select(1, self._small).T
        return ItemVectors(free, LowCardinalityBlock(free.shape[1], vectors, own))

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the values that the earlier fields have.

        A new value starts as unknown ones, if these have a vector.

        Raises:
            ValueError: If the fields are others.
        """
        if self._forms != earlier._forms:
            raise ValueError(
                f"the model's fields are others: {_names(earlier)} there, "
                f"{_names(self)} here; give the same parameters of fields"
            )
        found = torch.full((self.table.num_embeddings,), AS_DRAWN)
        found[0] = 0
        for spec, old in zip(self.table.specs, earlier.table.specs, strict=True):
            codes = _earlier_codes(torch.arange(spec.first_code, spec.size), spec, old)
            start = earlier.table.rows[old.name].start - old.first_code
            own = torch.where(codes == AS_DRAWN, AS_DRAWN, start + codes)
            found[self.table.rows[spec.name]] = own
        return found

    @property
    def _forms(self) -> list[tuple[str, bool, bool]]:
        specs = self.table.specs
        return [(x.name, x.has_value, _has_few_levels(x)) for x in specs]

    def _mean(self, rows: torch.Tensor) -> torch.Tensor:
        """The mean of the vectors that are no padding: ``[N, W]`` -> ``[N, D]``."""
        is_tag = (rows > 0).to(self.table.weight.dtype)
        # A weighted sum takes torch's fast path on a CPU; means and padding don't.
        pooled = functional.embedding_bag(
            rows, self.table.weight, mode="sum", per_sample_weights=is_tag
        )
        return pooled / is_tag.sum(dim=1, keepdim=True).clamp(min=1)


def _has_few_levels(spec: FieldSpec) -> bool:
    return spec.is_level and spec.vectors < FEW_LEVELS


def _names(fields: FieldVectors) -> str:
    return ", ".join(fields.table.rows) or "none"


def _earlier_codes(
    codes: torch.Tensor, spec: FieldSpec, old: FieldSpec
) -> torch.Tensor:
    """Codes of an earlier field; those that it lacks are the code of unknown ones."""
    if not spec.is_cross:
        unknown = UNKNOWN if spec.is_hidden else AS_DRAWN
        return torch.where(codes < old.size, codes, unknown)
    first, second = codes // spec.inner, codes % spec.inner
    first = torch.where(first < old.size // old.inner, first, UNKNOWN)
    second = torch.where(second < old.inner, second, UNKNOWN)
    # A pair with padding is row 0 in neither.
    return (first * old.inner + second).clamp(min=1)


class ItemFields(nn.Module):
    """The fields of items.

    Shapes: ``items [U]`` -> U vectors of ``width`` columns; zeros for padding.
    """

    def __init__(
        self, codes: np.ndarray, values: np.ndarray, vectors: FieldVectors
    ) -> None:
        """Store ``[n_items + 1, C]`` codes and ``[n_items + 1, V]`` values."""
        super().__init__()
        codes = codes.astype(np.int64, copy=False)
        self.register_buffer("codes", torch.from_numpy(codes), persistent=False)
        self.register_buffer("values", torch.from_numpy(values), persistent=False)
        self.vectors = vectors
        self.width = vectors.width

    def forward(self, items: torch.Tensor) -> ItemVectors:
        """Look the items up."""
        return self.vectors(
            self.codes.index_select(0, items), self.values.index_select(0, items)
        )
