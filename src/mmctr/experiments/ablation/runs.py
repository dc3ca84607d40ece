"""The trainings of an ablation."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from mmctr.ctr.params import CtrParams
from mmctr.data.datasets import LoadedResults, ResultStore
from mmctr.data.log_facts import LogFacts
from mmctr.experiments.ablation.inputs import Parts
from mmctr.experiments.ablation.plan import AblationPlan, PlannedSetting, RunName
from mmctr.experiments.ablation.processes import choose_processes
from mmctr.experiments.results import make_missing
from mmctr.experiments.training import Items, facts_of, train_measured, with_facts
from mmctr.runtime.scale.cluster import Cluster

if TYPE_CHECKING:  # torch takes a second to import
    from mmctr.ctr.inputs.click_log import ClickLog


@dataclass(frozen=True)
class RunTrainer:
    """Trains the models of a plan, all on the same rows."""

    plan: AblationPlan
    codes: ResultStore | LoadedResults
    items: Items
    parts: Parts

    def make_codes(self, train: pa.Table) -> None:
        """Quantise every modality once for every quantiser of the plan.

        Args:
            train: Says which items are cold.

        Raises:
            ValueError: If codes can't be made, naming the arms that need them.
        """
        quantize = partial(self._quantize, train)
        assert isinstance(self.codes, ResultStore)  # nosec B101
        make_missing(self.codes, quantize, self.plan.codes(), "codes")

    def _quantize(self, train: pa.Table, setting: PlannedSetting) -> pa.Table:
        try:
            return self.items.make_codes(train, setting.quantization)
        except ValueError as error:
            users = [
                name
                for name, arm in self.plan.arms.items()
                if setting.codes in (each.codes for each in arm.candidates.values())
            ]
            raise ValueError(
                f"{error}; null in place of an arm leaves it out, here ablation.arms: "
                f"{', '.join(users)}"
            ) from error

    def train_missing(
        self,
        store: ResultStore,
        runs: Iterable[RunName],
        label: str,
        cluster: Cluster | None = None,
    ) -> list[dict[str, Any]]:
        """Train the models whose results a store lacks.

        Args:
            store: Receives them.
            runs: In the order in which they are begun.
            label: What they are, for the log.
            cluster: Trains them; None: processes of this machine.

        Returns:
            The facts of every run, see :meth:`train`.
        """
        arguments = {run.result: run for run in runs}
        if cluster is None:
            requested, device = self.plan.params.processes, self._shared.device
            processes = choose_processes(requested, device)
            make_missing(store, self.train, arguments, label, processes)
        else:
            trainer = self._with_loaded_codes(arguments.values())
            make_missing(store, trainer.train, arguments, label, cluster=cluster)
        return [facts_of(store.load(name)) for name in arguments]

    def _with_loaded_codes(self, runs: Iterable[RunName]) -> Self:
        settings = (self.plan.arms[run.arm].candidates[run.candidate] for run in runs)
        names = {each.codes for each in settings if each.codes is not None}
        loaded = {name: self.codes.load(name) for name in sorted(names)}
        return replace(self, codes=LoadedResults(loaded))

    def train(self, run: RunName) -> pa.Table:
        """Train one model and score the test rows.

        Args:
            run: Arm, candidate and seed.

        Returns:
            ``probability`` float64, one row per test row; ``facts_of`` gives the run's
            name and the facts of ``train_measured``.

        Raises:
            ValueError: If the training fails, naming the run.
        """
        try:
            return self._train(run)
        except (ValueError, OSError) as error:
            raise ValueError(
                f"ablation: arm '{run.arm}', candidate '{run.candidate}', seed "
                f"{run.seed}: {error}"
            ) from error

    def _train(self, run: RunName) -> pa.Table:
        from mmctr.ctr.prediction import predict_clicks

        setting = self.plan.arms[run.arm].candidates[run.candidate]
        params = setting.ctr_modeling.model_copy(update={"seed": run.seed})
        codes = None if setting.codes is None else self.codes.load(setting.codes)
        table = self.items.table(codes)
        features = params.features
        train, valid, test = (
            log.with_statistics(features.statistics).with_fields(
                features.fields, features.crosses, features.without
            )
            for log in self._logs
        )
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
    def _logs(self) -> "list[ClickLog]":
        longest = self._shared.training.max_history
        features = [
            each.ctr_modeling.features
            for arm in self.plan.arms.values()
            for each in arm.candidates.values()
        ]
        return self.items.click_logs(
            *self.parts,
            max_history=longest,
            statistics={kind for each in features for kind in each.statistics},
            crosses=sorted({cross for each in features for cross in each.crosses}),
            facts=LogFacts(**self.plan.inputs["facts"]),
        )

    @property
    def _shared(self) -> CtrParams:
        """Parameters of some model: all have one device and one length of histories."""
        arm = next(iter(self.plan.arms.values()))
        return next(iter(arm.candidates.values())).ctr_modeling


def choose_candidates(
    plan: AblationPlan, trials: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """Choose each arm's candidate by valid, and by nothing else.

    Args:
        plan: Its arms and candidates.
        trials: Facts of the trainings that try candidates.

    Returns:
        ``{"chosen": {arm: candidate}, "tried": {arm: {candidate: value}}}``; a value is
        the mean over seeds of what the returned weights reached.
    """
    from mmctr.ctr.training.monitor import monitor_mode

    is_lowest_best = monitor_mode(plan.params.choose_by) == "min"
    best, worst = (min, np.inf) if is_lowest_best else (max, -np.inf)
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for facts in trials:
        kept = facts["kept"][plan.params.choose_by]
        # Without two classes in any group there is no gAUC.
        value = worst if kept is None else kept
        values[facts["arm"], facts["candidate"]].append(value)
    tried: dict[str, dict[str, float]] = {name: {} for name in plan.trained}
    for (name, candidate), each in values.items():
        tried[name][candidate] = float(np.mean(each))
    # An arm with a single candidate has not tried it.
    chosen = {
        name: best(tried[name] or arm.candidates, key=lambda x: tried[name].get(x, 0))
        for name, arm in plan.trained.items()
    }
    return {"chosen": chosen, "tried": tried}
