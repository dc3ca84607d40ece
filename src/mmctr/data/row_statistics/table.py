"""All statistics of a part's rows, as columns beside the rows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from scipy import sparse

from mmctr.data.columns import matrix_column
from mmctr.data.row_statistics.codes import code_statistics
from mmctr.data.row_statistics.cooccurrence import Cooccurrence
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.history import history_statistics
from mmctr.data.row_statistics.lexical import TitleWords
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.data.row_statistics.popularity import Popularity, popularity_statistics
from mmctr.data.row_statistics.priors import Priors
from mmctr.data.row_statistics.rates import Rates
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.similarity import similarity_statistics, unit_vectors
from mmctr.data.row_statistics.tags import tag_matrix, tag_statistics


@dataclass(frozen=True)
class StatisticsSource:
    """What statistics are made of: clicks and items.

    New rows get theirs from the same source; with more clicks in ``log`` the same rows
    get the statistics of a later day.

    Attributes:
        log: Clicks.
        titles: ``n_items`` titles, item i + 1 at place i.
        in_train: ``[n_items + 1]`` bool, the items that train has.
        item_table: Row i is item i, row 0 is padding: ``tags``, and ``NAME_codes`` of
            every modality.
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 zero; d may be 0.
        params: Kinds and what they count.
        rates: What was shown and clicked; None: a log of clicks.
    """

    log: EventLog
    titles: list[str] = field(repr=False)
    in_train: np.ndarray = field(repr=False)
    item_table: pa.Table = field(repr=False)
    vectors: Mapping[str, np.ndarray] = field(repr=False)
    params: RowStatisticsParams
    rates: Rates | None = None

    @cached_property
    def _cooccurrence(self) -> Cooccurrence:
        return Cooccurrence(self.log, self.params.pair_reach, self.params.max_pairs)

    @cached_property
    def _popularity(self) -> Popularity:
        return Popularity(self.log, self.params.windows_days)

    @cached_property
    def _priors(self) -> Priors:
        params = self.params
        days = params.windows_days[0]
        return Priors(self.log, self.rates, self._codes, params.prior_codes, days)

    @cached_property
    def _words(self) -> TitleWords:
        return TitleWords(self.titles, self.in_train)

    @cached_property
    def _tags(self) -> sparse.csr_matrix | None:
        return tag_matrix(self.item_table)

    @cached_property
    def _unit_vectors(self) -> dict[str, np.ndarray]:
        return {name: unit_vectors(found) for name, found in self.vectors.items()}

    @cached_property
    def _codes(self) -> dict[str, np.ndarray]:
        return {
            name: matrix_column(self.item_table, f"{name}_codes", "item_table")
            for name in self.vectors
        }

    def with_events(self, log: EventLog, rates: Rates | None) -> Self:
        """The same items with other events; what is made of items alone is kept."""
        other = replace(self, log=log, rates=rates)
        for name in ("_words", "_tags", "_unit_vectors", "_codes"):
            if name in vars(self):
                vars(other)[name] = vars(self)[name]
        return other

    def statistics(self, rows: HistoryRows) -> Iterator[tuple[str, np.ndarray]]:
        """Compute every statistic that is switched on and has something to count.

        Args:
            rows: ``R`` rows, few enough to be held several times.

        Yields:
            ``kind.name`` and ``[R]`` float32, NaN where undefined.
        """
        windows = self.params.windows_days
        kinds: dict[str, Callable[[], dict[str, np.ndarray]]] = {
            "history": lambda: history_statistics(rows, self.log),
            "popularity": lambda: popularity_statistics(rows, self._popularity),
            "rates": lambda: (
                {} if self.rates is None else self.rates.statistics(rows, windows)
            ),
            "priors": lambda: self._priors.statistics(rows),
            "cooccurrence": lambda: self._cooccurrence.statistics(rows),
            "similarity": lambda: _by_modality(
                similarity_statistics, rows, self._unit_vectors
            ),
            "lexical": lambda: self._words.statistics(rows),
            "tags": lambda: tag_statistics(rows, self._tags),
            "codes": lambda: _by_modality(code_statistics, rows, self._codes),
        }
        for kind in self.params.kinds:
            for name, column in kinds[kind]().items():
                yield f"{kind}.{name}", column


def _by_modality(
    compute: Callable[[HistoryRows, np.ndarray, str], dict[str, np.ndarray]],
    rows: HistoryRows,
    arrays: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Statistics of every modality that is there."""
    found: dict[str, np.ndarray] = {}
    for modality, array in arrays.items():
        if array.shape[1]:
            found |= compute(rows, array, modality)
    return found


def add_statistics(
    table: pa.Table, source: StatisticsSource, as_of_limit: int | None = None
) -> pa.Table:
    """Put a part's statistics beside its rows.

    Args:
        table: ``train``, ``valid`` or ``test``.
        source: Clicks and items.
        as_of_limit: No row knows of events at or after this time, unix seconds; None:
            no limit.

    Returns:
        The table with a float32 column ``kind.name`` per statistic, NaN where it is
        undefined; in the order of ``row_statistics.kinds``.
    """
    columns = compute_statistics(table, source, as_of_limit).columns
    fields = [pa.field(name, pa.float32()) for name in columns]
    return pa.Table.from_arrays(
        [*table.columns, *map(pa.array, columns.values())],
        schema=pa.schema([*table.schema, *fields], table.schema.metadata),
    )


class Computed(NamedTuple):
    """What is computed for R rows.

    Attributes:
        columns: The columns that :func:`add_statistics` adds, ``[R]`` float32 each.
        cosines: By modality those of targets and history items, ``[P]`` float32,
            rounded to five digits; of as much of the histories as statistics count.
            None of them where rows are more than ``rows_at_once``.
    """

    columns: dict[str, np.ndarray]
    cosines: dict[str, np.ndarray]


def compute_statistics(
    table: pa.Table, source: StatisticsSource, as_of_limit: int | None = None
) -> Computed:
    """Compute what :func:`add_statistics` adds."""
    params = source.params
    users = source.log.codes_of(table["user_id"])
    rows = HistoryRows.from_arrow(table, users, params.max_history, as_of_limit)
    columns: dict[str, np.ndarray] = {}
    if 0 < len(rows) <= params.rows_at_once:
        columns |= source.statistics(rows)
        return Computed(columns, rows.cosines)
    for part, piece in rows.pieces(params.rows_at_once):
        for name, values in source.statistics(piece):
            if name not in columns:
                columns[name] = np.full(len(rows), np.nan, np.float32)
            columns[name][part] = values
    return Computed(columns, {})
