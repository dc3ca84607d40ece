"""A bundle that is ready to score; it never changes, so that threads may share it."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.field_columns import FieldColumns, FieldSpec
from mmctr.ctr.prediction import ClickPredictor, log_to_score
from mmctr.ctr.training.calibrated_weights import split_calibration
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.known_events import read_events
from mmctr.data.row_statistics.table import (
    StatisticsSource,
    add_statistics,
    compute_statistics,
)
from mmctr.evaluation.calibration import Calibration
from mmctr.serving.bundle import Bundle
from mmctr.serving.fitted_items import fitted_items
from mmctr.serving.ids import ItemIds
from mmctr.serving.rows import Requests


@dataclass(frozen=True)
class ScoringState:
    """A bundle with its model, its statistics and its index of ids.

    Attributes:
        bundle: What it was built of.
        predictor: The model.
        calibration: Of its probabilities.
        ids: The items' ids.
        events: All of them, for the age of items.
        source: What row statistics are made of; None if the model has none.
        compared: Modalities whose cosines statistics and model have in common.
    """

    bundle: Bundle
    predictor: ClickPredictor
    calibration: Calibration
    ids: ItemIds
    events: EventLog
    source: StatisticsSource | None
    compared: tuple[str, ...]

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Build everything.

        Raises:
            ValueError: If the parts of the bundle don't fit each other.
        """
        ctr = bundle.facts.ctr
        weights, calibration = split_calibration(
            dict(bundle.weights), ctr.calibration.method
        )
        items, weights, params = fitted_items(bundle, weights)
        specs = _row_specs(bundle)
        return cls(
            bundle=bundle,
            predictor=ClickPredictor(items, weights, params, specs),
            calibration=calibration,
            ids=ItemIds(bundle.items["original_id"]),
            events=EventLog.from_arrow(bundle.events),
            source=_statistics_source(bundle),
            compared=items.compared_for(ctr.features),
        )

    def with_events(self, events: pa.Table) -> Self:
        """The same model with other events."""
        bundle = replace(self.bundle, events=events)
        source = self.source
        if source is not None:
            clicks, rates = _known_events(bundle)
            source = source.with_events(clicks, rates)
        log = EventLog.from_arrow(events)
        return replace(self, bundle=bundle, source=source, events=log)

    @property
    def user_type(self) -> pa.DataType:
        """That of the ids of users."""
        return self.bundle.events.schema.field("user_id").type

    @cached_property
    def next_moment(self) -> int | None:
        """The second after the last event; None without times."""
        if not self.events.dated:
            return None
        return int(self.events.times.max()) + 1

    def score(self, requests: Requests) -> np.ndarray:
        """Score rows.

        Args:
            requests: ``R`` rows.

        Returns:
            ``[R]`` float64, calibrated probabilities.
        """
        if not len(requests.items):
            return np.zeros(0)
        return self._scores(self.log(requests))

    def score_rows(self, rows: pa.Table) -> np.ndarray:
        """Score ``R`` rows from :meth:`rows`, one at least: ``[R]`` float64."""
        facts = self.bundle.facts
        return self._scores(log_to_score(rows, facts.ctr, self.bundle.n_items))

    def _scores(self, log: ClickLog) -> np.ndarray:
        return self.calibration.apply(self.predictor.predict(log))

    def log(self, requests: Requests) -> ClickLog:
        """Rows as the model reads them; one at least."""
        ctr, n_items = self.bundle.facts.ctr, self.bundle.n_items
        rows = self._plain_rows(requests)
        if self.source is None:
            return log_to_score(rows, ctr, n_items)
        columns, cosines = compute_statistics(rows, self.source, self._as_of_limit)
        log = log_to_score(rows, ctr, n_items, columns)
        known = [cosines.get(name, np.zeros(0)) for name in self.compared]
        if not known or any(len(own) != len(log.history) for own in known):
            return log  # the model reads other parts of the histories
        return replace(log, cosines=np.array(known, np.float32))

    def rows(self, requests: Requests) -> pa.Table:
        """Rows by the contract of ``test``, with their statistics."""
        rows = self._plain_rows(requests)
        if self.source is None:
            return rows
        return add_statistics(rows, self.source, self._as_of_limit)

    def _plain_rows(self, requests: Requests) -> pa.Table:
        bundle = self.bundle
        return requests.table(
            bundle.item_table,
            bundle.fields,
            self.events,
            published=bundle.published,
        )

    @property
    def _as_of_limit(self) -> int | None:
        events = self.bundle.facts.events
        return events.valid_from if events.frozen else None


def _row_specs(bundle: Bundle) -> tuple[FieldSpec, ...]:
    features = bundle.facts.ctr.features
    nothing = Requests(
        items=np.zeros(0, np.int64),
        history=np.zeros(0, np.int64),
        offsets=np.zeros(1, np.int64),
        users=pa.array([], pa.int64()),
        as_of=None,
    )
    log = EventLog.from_arrow(bundle.events.slice(0, 0))
    table = nothing.table(bundle.item_table, bundle.fields, log)
    return FieldColumns.from_arrow(
        table, features.fields, features.crosses, features.without
    ).specs


def _known_events(bundle: Bundle) -> tuple[EventLog, object]:
    facts = bundle.facts.events
    return read_events(bundle.events, clock=facts.clock, valid_from=facts.valid_from)


def _statistics_source(bundle: Bundle) -> StatisticsSource | None:
    if not bundle.facts.ctr.features.statistics:
        return None
    clicks, rates = _known_events(bundle)
    return StatisticsSource(
        log=clicks,
        titles=bundle.items["title"].to_pylist(),
        in_train=np.append(False, bundle.items["in_train"].to_numpy()),
        item_table=bundle.item_table,
        vectors=bundle.vectors,
        params=bundle.facts.row_statistics,
        rates=rates,
    )
