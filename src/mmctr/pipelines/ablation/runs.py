"""One training of an arm, and how its result is kept."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.pipelines.ablation.inputs import Parts
from mmctr.pipelines.ablation.plan import AblationPlan, RunName
from mmctr.pipelines.quantization.nodes import build_item_table
from mmctr.pipelines.vectors import vector_column, vector_matrix

Partitions = Mapping[str, Callable[[], pa.Table]]

_FACTS = b"ablation"


@dataclass(frozen=True)
class Items:
    """Everything about items that models may see."""

    features: pa.Table
    title_vectors: np.ndarray
    image_vectors: np.ndarray


@dataclass(frozen=True)
class RunTrainer:
    """Trains the models of a plan, all on the same rows."""

    plan: AblationPlan
    codes: Partitions
    items: Items
    parts: Parts

    def train(self, run: RunName) -> pa.Table:
        """Train one model and score the test rows.

        Args:
            run: Arm, candidate and seed.

        Returns:
            ``probability`` float64, one row a test row, and with it the facts that
            :func:`facts_of` reads: ``validations`` (step, seconds of training, auc,
            gauc, logloss), ``kept`` (that of the weights used), ``seconds``, ``steps``,
            ``weights``, ``content``, ``out_of_time``.

        Raises:
            ValueError: If the training fails.
        """
        from mmctr.ctr.item_table import ItemTable
        from mmctr.ctr.learning_curve import TimeLimit, TrainingClock
        from mmctr.ctr.training import predict_clicks, train_din

        setting = self.plan.arms[run.arm].candidates[run.candidate]
        params = setting.ctr_modeling.model_copy(update={"seed": run.seed})
        table = ItemTable.from_arrow(
            build_item_table(self.items.features, *self._codes(setting.codes)),
            self.items.title_vectors,
            self.items.image_vectors,
        )
        clock = TrainingClock()
        limit = TimeLimit(60 * self.plan.params.budget.minutes)
        train, valid, test = self._logs
        trained = train_din(
            table,
            train,
            valid,
            self.parts.valid["group_id"].to_numpy(),
            params,
            callbacks=[clock, limit],
        )
        history: dict[str, Any] = trained.history
        validations = [
            {**found, "seconds": round(seconds, 3)}
            for found, seconds in zip(
                history["validations"], clock.seconds, strict=True
            )
        ]
        kept = next(
            found for found in validations if found["step"] == history["best_step"]
        )
        facts = {
            **run._asdict(),
            "validations": validations,
            "kept": kept,
            "seconds": validations[-1]["seconds"],
            "steps": history["steps"],
            "weights": history["weights"],
            "content": history["content"],
            "out_of_time": limit.reached,
        }
        scores = predict_clicks(table, trained.weights, test, params)
        return with_facts(pa.table({"probability": scores}), facts)

    @cached_property
    def _logs(self) -> tuple[Any, Any, Any]:
        from mmctr.ctr.click_log import ClickLog

        arm = next(iter(self.plan.arms.values()))
        setting = next(iter(arm.candidates.values()))
        longest = setting.ctr_modeling.training.max_history
        count = self.items.features.num_rows
        parts = (self.parts.train, self.parts.valid, self.parts.test)
        train, valid, test = (
            ClickLog.from_arrow(part, longest, count) for part in parts
        )
        return train, valid, test

    def _codes(self, partition: str | None) -> tuple[np.ndarray, np.ndarray]:
        if partition is None:
            none = np.empty((self.items.features.num_rows, 0), np.int32)
            return none, none
        table = take(self.codes, partition)()
        return vector_matrix(table, "title_codes"), vector_matrix(table, "image_codes")


def codes_table(
    title_codes: np.ndarray, image_codes: np.ndarray, health: dict[str, Any]
) -> pa.Table:
    """Codes of both modalities ``[n, positions]`` with their health, as one table."""
    columns = {"title_codes": title_codes, "image_codes": image_codes}
    table = pa.table({name: vector_column(codes) for name, codes in columns.items()})
    return with_facts(table, health)


def with_facts(table: pa.Table, facts: dict[str, Any]) -> pa.Table:
    """Keep JSON-ready facts in the table's own schema, so that one file has both."""
    return table.replace_schema_metadata({_FACTS: json.dumps(facts)})


def facts_of(table: pa.Table) -> dict[str, Any]:
    """Read what :func:`with_facts` kept."""
    return json.loads((table.schema.metadata or {})[_FACTS])


def take(partitions: Partitions, name: str) -> Callable[[], pa.Table]:
    """Find a partition.

    Raises:
        ValueError: If it is not there.
    """
    if name not in partitions:
        raise ValueError(
            f"ablation: '{name}' is not among the results; run the pipeline as a whole "
            "(kedro run --pipeline ablation), it makes what is missing and no more"
        )
    return partitions[name]
