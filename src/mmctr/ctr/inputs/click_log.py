"""A click log in memory or in mapped files, cut into batches without work per row."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import Dataset

from mmctr.ctr.inputs.field_columns import FieldColumns, FieldNames
from mmctr.ctr.inputs.log_arrays import (
    count_items,
    newest,
    offsets_in_pieces,
    require_items,
    writable,
)
from mmctr.ctr.inputs.only_history import only_history
from mmctr.ctr.inputs.statistic_columns import of_kinds, read_statistics
from mmctr.data.columns import arrays_of, one_array
from mmctr.data.log_facts import UNKNOWN_LOG, LogFacts
from mmctr.data.row_weights import row_weights
from mmctr.evaluation.negative_sampling import undo_negative_sampling
from mmctr.runtime.jagged import take_ranges
from mmctr.runtime.mapped_files import RESIDENT, MappedArrays
from mmctr.runtime.scratch import take_columns


class Batch(NamedTuple):
    """Some rows of a click log; histories are jagged, without padding.

    Attributes:
        target: ``[B]`` int64 items.
        history: ``[T]`` int64 items, oldest first, row after row.
        segment: ``[T]`` int64, the row of the batch that each position belongs to.
        statistics: ``[B, S]`` float32 row statistics, NaN where undefined.
        label: ``[B]`` float32; NaN where unlabelled.
        weight: ``[B]`` float32 in the mean of the losses; ``[0]``: all 1.
        group: ``[B]`` int64 in 0..B-1, equal where rows are compared with each other;
            ``[0]``: not known.
        field_codes: ``[B, C]`` int64 codes of the fields of user and row.
        field_values: ``[B, V]`` float32 scaled values of those that are numbers.
        items: ``[U]`` int64, the distinct items of the targets and histories, sorted.
        places: ``[B + T]`` int64, the row of ``items`` of each target, then of each
            history position.
        cosines: ``[M, T]`` float32, those of the log.
    """

    target: torch.Tensor
    history: torch.Tensor
    segment: torch.Tensor
    statistics: torch.Tensor
    label: torch.Tensor
    weight: torch.Tensor
    group: torch.Tensor
    field_codes: torch.Tensor
    field_values: torch.Tensor
    items: torch.Tensor
    places: torch.Tensor
    cosines: torch.Tensor

    @classmethod
    def of(
        cls,
        *,
        target: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
        statistics: torch.Tensor,
        label: torch.Tensor,
        weight: torch.Tensor,
        group: torch.Tensor | None = None,
        fields: FieldColumns | None = None,
        cosines: torch.Tensor | None = None,
    ) -> "Batch":
        """Put a batch together on the CPU; without ``fields`` rows have none.

        The distinct items are found here and not by the model: their number is not
        known in advance, so the host would have to wait for a GPU in every step.
        """
        items, places = _distinct_items(target, history, segment)
        fields = FieldColumns.none(len(label)) if fields is None else fields
        return cls(
            target=target,
            history=history,
            segment=segment,
            statistics=statistics,
            label=label,
            weight=weight,
            group=torch.zeros(0, dtype=torch.long) if group is None else group,
            field_codes=torch.from_numpy(fields.codes.astype(np.int64, copy=False)),
            field_values=torch.from_numpy(fields.values),
            items=items,
            places=places,
            cosines=torch.zeros(0, 0) if cosines is None else cosines,
        )


@dataclass(frozen=True)
class ClickLog(Dataset[Batch]):
    """Contiguous arrays of a whole part; indexing with an array of rows gives a batch.

    Attributes:
        target: ``[rows]`` int64.
        history: ``[positions]`` int32.
        offsets: ``[rows + 1]`` int32 or int64.
        statistics: ``[rows, S]`` float32 row statistics, NaN where undefined.
        statistic_names: Names of these columns, ``<kind>.<name>``.
        label: ``[rows]`` float32; NaN where unlabelled.
        weight: ``[rows]`` float32 in the mean of the losses; ``[0]``: all 1.
        groups: ``[rows]`` int64, equal where rows are compared with each other;
            ``[0]``: not known.
        facts: What the rows are.
        fields: The fields of user and row; without any it may have no rows.
        cosines: ``[M, positions]`` float32, of target and history item by the vectors
            of M modalities, rounded to 1e-5; ``[0, 0]``: not known.
    """

    target: np.ndarray
    history: np.ndarray
    offsets: np.ndarray
    statistics: np.ndarray
    statistic_names: tuple[str, ...]
    label: np.ndarray
    weight: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    groups: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    facts: LogFacts = UNKNOWN_LOG
    fields: FieldColumns = field(default_factory=lambda: FieldColumns.none(0))
    cosines: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @classmethod
    def from_arrow(
        cls,
        table: pa.Table,
        max_history: int,
        n_items: int,
        *,
        statistics: Collection[str] = (),
        computed: Mapping[str, np.ndarray] = MappingProxyType({}),
        fields: FieldNames = (),
        crosses: Collection[str] = (),
        without: Collection[str] = (),
        unknown_targets: bool = False,
        facts: LogFacts = UNKNOWN_LOG,
    ) -> "ClickLog":
        """Read a table of rows.

        Args:
            table: Rows of train, valid or test.
            max_history: Positions kept per row, the newest.
            n_items: Items of the item table.
            statistics: Kinds of row statistics to read.
            computed: Row statistics that are no columns of the table.
            fields: Names of fields to read, or all.
            crosses: Pairs of the table's fields to read as one.
            without: Names of fields to leave out.
            unknown_targets: Whether a target may be 0, an item that the item table
                lacks; it has the features of padding, none.
            facts: What the rows are.

        Raises:
            ValueError: If an item is not in 1..n_items, a kind of statistics is
                missing, or a statistic is infinite; it names what and where.
        """
        lists = one_array(table["item_seq"])
        target = one_array(table["item_id"]).to_numpy().astype(np.int64, copy=False)
        offsets = lists.offsets.to_numpy()
        values = lists.values.to_numpy()
        mapped = MappedArrays(arrays_of(table))
        require_items(target, n_items, "item_id", least=0 if unknown_targets else 1)
        require_items(values[offsets[0] : offsets[-1]], n_items, "item_seq")
        mapped.drop_pages(over=RESIDENT)
        history, offsets = newest((values, offsets), max_history)
        label = table["label"].to_numpy(zero_copy_only=False)
        columns = dict(zip(table.column_names, table.columns, strict=True))
        names, values_of_rows = read_statistics(
            columns | dict(computed), table.num_rows, statistics
        )
        built = cls(
            target=target,
            history=history.astype(np.int32, copy=False),
            offsets=offsets,
            statistics=values_of_rows,
            statistic_names=names,
            label=label.astype(np.float32),
            weight=row_weights(table),
            groups=_groups_of(table),
            facts=facts,
            fields=FieldColumns.from_arrow(table, fields, crosses, without),
        )
        mapped.drop_pages(over=RESIDENT)
        return built

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.target)

    def __getitem__(self, rows: np.ndarray | slice) -> Batch:
        """Gather a batch of rows ``[B]`` int64, in this order, or of neighbours."""
        if isinstance(rows, slice):
            offsets = self.offsets[rows.start : rows.stop + 1]
            positions = slice(offsets[0], offsets[-1])
            history, cosines = self.history[positions], self.cosines[:, positions]
        else:
            ranges = self.offsets[rows], self.offsets[rows + 1]
            history, offsets = take_ranges(self.history, *ranges)
            cosines = self.cosines
            if len(cosines):
                cosines = np.stack([take_ranges(own, *ranges)[0] for own in cosines])
        segment = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        weight = writable(self.weight[rows]) if len(self.weight) else self.weight
        group = self.groups
        if len(group):
            group = np.unique(group[rows], return_inverse=True)[1]
        return Batch.of(
            target=torch.from_numpy(writable(self.target[rows])),
            history=torch.from_numpy(history.astype(np.int64)),
            segment=torch.from_numpy(segment),
            statistics=torch.from_numpy(self.statistics[rows]),
            label=torch.from_numpy(self.label[rows]),
            weight=torch.from_numpy(weight),
            group=torch.from_numpy(group),
            fields=self.fields.take(rows) if self.fields.specs else None,
            cosines=torch.from_numpy(cosines),
        )

    @property
    def arrays(self) -> list[np.ndarray]:
        """All arrays; in a large log most of them lie in mapped files."""
        own = [x for x in vars(self).values() if isinstance(x, np.ndarray)]
        return [*own, self.fields.codes, self.fields.values]

    @property
    def click_rate(self) -> float:
        """That of all rows these are a draw of, with their weights."""
        weights = self.weight if len(self.weight) else None
        rate = np.average(self.label.astype(np.float64), weights=weights)
        share = self.facts.negative_keep
        return float(undo_negative_sampling(rate, share))

    @property
    def has_empty_history(self) -> bool:
        """Whether a row has no history."""
        return any((np.diff(own) == 0).any() for own in offsets_in_pieces(self.offsets))

    def with_statistics(self, kinds: Collection[str]) -> "ClickLog":
        """The log with only these kinds of the row statistics that it holds."""
        names = of_kinds(self.statistic_names, kinds)
        if names == self.statistic_names:
            return self
        places = [self.statistic_names.index(name) for name in names]
        values = take_columns(self.statistics, places)
        return replace(self, statistics=values, statistic_names=names)

    def with_fields(
        self, names: FieldNames, crosses: Collection[str], without: Collection[str]
    ) -> "ClickLog":
        """The log with only these fields and crosses of those that it holds."""
        return replace(self, fields=self.fields.select(names, crosses, without))

    def item_counts(self, n_items: int) -> np.ndarray:
        """``[n_items + 1]`` int64: how often an item is a target or in a history."""
        return count_items((self.target, self.history), n_items)


def _distinct_items(
    target: torch.Tensor, history: torch.Tensor, segment: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """``[U]`` distinct items, sorted, and ``[B + T]`` where each is among them."""
    only = only_history(history, segment, len(target))
    if only is None:
        return torch.unique(torch.cat([target, history]), return_inverse=True)
    items, places = torch.unique(torch.cat([target, only]), return_inverse=True)
    own, of_history = places.split([len(target), len(only)])
    return items, torch.cat([own, of_history.repeat(len(target))])


def _groups_of(table: pa.Table) -> np.ndarray:
    if "group_id" not in table.column_names:
        return np.zeros(0, np.int64)
    return one_array(table["group_id"]).to_numpy()
