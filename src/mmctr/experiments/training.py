"""One training of an experiment, its codes, and facts kept beside a table."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers.item_codes import find_cold_items, quantize_items
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.inputs.build_item_table import build_item_table
from mmctr.ctr.params import CtrParams
from mmctr.data.columns import lists_of_rows, matrix_column
from mmctr.data.log_facts import LogFacts
from mmctr.runtime.code_commit import code_commit

if TYPE_CHECKING:  # torch takes a second to import
    from mmctr.ctr.inputs.click_log import ClickLog
    from mmctr.ctr.inputs.item_table import ItemTable

# Key in the metadata of files; existing ones have it, so it stays.
_FACTS = b"ablation"


@dataclass(frozen=True)
class Items:
    """Everything about items that a model may use."""

    features: pa.Table
    vectors: dict[str, np.ndarray]

    def make_codes(self, train: pa.Table, params: QuantizationParams) -> pa.Table:
        """Quantise every modality.

        Args:
            train: Says which items are cold.
            params: Method and its settings.

        Returns:
            A column of codes per modality, one row per item; :func:`facts_of` gives
            their method and the health of each.

        Raises:
            ValueError: If the vectors cannot be quantised or a codebook collapses.
        """
        cold = find_cold_items(self.features, train)
        codes, _, _, health = quantize_items(self.vectors, cold, params)
        table = pa.table({name: lists_of_rows(own) for name, own in codes.items()})
        method = {"method": params.method, "commit": code_commit()}
        facts = {**method, "modalities": health}
        return with_facts(table, facts)

    def click_logs(
        self,
        *parts: pa.Table,
        max_history: int,
        statistics: Collection[str],
        crosses: Collection[str],
        facts: LogFacts,
    ) -> "list[ClickLog]":
        """Lay rows with all their fields out for a model.

        Args:
            parts: Tables of rows.
            max_history: Most items of a history, the latest ones.
            statistics: Kinds of row statistics to read.
            crosses: Pairs of fields to read as one.
            facts: What the rows are.

        Raises:
            ValueError: If the rows lack a kind or a field.
        """
        from mmctr.ctr.inputs.click_log import ClickLog

        return [
            ClickLog.from_arrow(
                part,
                max_history,
                self.features.num_rows,
                statistics=statistics,
                fields="all",
                crosses=crosses,
                facts=facts,
            )
            for part in parts
        ]

    def table(self, codes: pa.Table | None) -> "ItemTable":
        """Build a model's item table.

        Args:
            codes: From :meth:`make_codes`; None for a model without codes.
        """
        from mmctr.ctr.inputs.item_table import ItemTable

        none = np.empty((self.features.num_rows, 0), np.int32)
        by_modality = {
            name: none if codes is None else matrix_column(codes, name, "codes")
            for name in self.vectors
        }
        table = build_item_table(self.features, by_modality)
        return ItemTable.from_arrow(table, self.vectors)


def train_measured(
    table: "ItemTable",
    logs: tuple["ClickLog", "ClickLog"],
    valid_groups: np.ndarray,
    params: CtrParams,
    minutes: float,
    callbacks: Sequence[Any] = (),
) -> tuple[Any, dict[str, Any]]:
    """Train one model within a time limit, and measure it.

    Args:
        table: The items.
        logs: Rows of train and valid.
        valid_groups: ``[valid rows]``, for gAUC.
        params: Features, sizes, training.
        minutes: A training that reaches this limit ends with a last validation.
        callbacks: More callbacks of Lightning.

    Returns:
        The weights, and JSON-ready facts: ``validations`` (step, seconds of training,
        auc, gauc, logloss), ``kept`` (the validation of the returned weights),
        ``seconds``, ``steps``, ``weights`` (their number), ``content``,
        ``commit`` of the code, ``out_of_time``.

    Raises:
        ValueError: If the training fails.
    """
    from mmctr.ctr.training.fit import train_ctr_model
    from mmctr.ctr.training.learning_curve import TimeLimit, TrainingClock

    clock, limit = TrainingClock(), TimeLimit(60 * minutes)
    trained = train_ctr_model(
        table, *logs, valid_groups, params, callbacks=[clock, limit, *callbacks]
    )
    history: dict[str, Any] = trained.history
    # What was measured before the first step took no training.
    seconds = [0.0] * (history["validations"][0]["step"] == 0) + clock.seconds
    validations = [
        {**found, "seconds": round(each, 3)}
        for found, each in zip(history["validations"], seconds, strict=True)
    ]
    kept = next(found for found in validations if found["step"] == history["best_step"])
    return trained.weights, {
        "validations": validations,
        "kept": kept,
        "seconds": validations[-1]["seconds"],
        "steps": history["steps"],
        "weights": history["weights"],
        "content": history["content"],
        "commit": history["commit"],
        "out_of_time": limit.reached,
    }


def with_facts(table: pa.Table, facts: dict[str, Any]) -> pa.Table:
    """Add JSON-ready facts to a table's metadata, so that one file has both."""
    return table.replace_schema_metadata({_FACTS: json.dumps(facts)})


def facts_of(table: pa.Table) -> dict[str, Any]:
    """Read the facts that :func:`with_facts` added."""
    return json.loads((table.schema.metadata or {})[_FACTS])
