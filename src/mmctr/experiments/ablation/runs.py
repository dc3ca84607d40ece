"""One training of an arm, and how its result is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from mmctr.experiments.ablation.inputs import Parts
from mmctr.experiments.ablation.plan import AblationPlan, RunName
from mmctr.experiments.training import (
    Items,
    Partitions,
    train_measured,
    with_facts,
)


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
            ``facts_of`` reads: the run's name and those of ``train_measured``.

        Raises:
            ValueError: If the training fails.
        """
        from mmctr.ctr.training.fit import predict_clicks

        setting = self.plan.arms[run.arm].candidates[run.candidate]
        params = setting.ctr_modeling.model_copy(update={"seed": run.seed})
        name = setting.codes
        table = self.items.table(None if name is None else take(self.codes, name)())
        train, valid, test = self._logs
        weights, facts = train_measured(
            table,
            (train, valid),
            self.parts.valid["group_id"].to_numpy(),
            params,
            self.plan.params.budget.minutes,
        )
        scores = predict_clicks(table, weights, test, params)
        scored = pa.table({"probability": scores})
        return with_facts(scored, {**run._asdict(), **facts})

    @cached_property
    def _logs(self) -> tuple[Any, Any, Any]:
        from mmctr.ctr.inputs.click_log import ClickLog

        arm = next(iter(self.plan.arms.values()))
        setting = next(iter(arm.candidates.values()))
        longest = setting.ctr_modeling.training.max_history
        count = self.items.features.num_rows
        parts = (self.parts.train, self.parts.valid, self.parts.test)
        train, valid, test = (
            ClickLog.from_arrow(part, longest, count) for part in parts
        )
        return train, valid, test


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
