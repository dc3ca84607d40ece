"""Boosted trees as an arm: scored by another pipeline, reported on the same rows."""

from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pytest
from ablation_worlds import (
    INPUTS,
    ablation_params,
    ctr_params,
    quantization_params,
    rows,
)

from mmctr.data.datasets import ResultStore
from mmctr.experiments.ablation.inputs import choose_rows
from mmctr.experiments.ablation.measures import mean_logits
from mmctr.experiments.ablation.params import ArmParams
from mmctr.experiments.ablation.plan import make_plan
from mmctr.experiments.ablation.report import measure_arms, tabulate_arms
from mmctr.experiments.training import with_facts
from mmctr.experiments.varied_params import VariedParams
from mmctr.reporting.ablation_figures import draw_increments, draw_learning
from mmctr.reporting.ablation_page import write_page

ARMS = {
    "none": {"kind": "none"},
    "trees": {"kind": "trees"},
    "both": {"kind": "mean", "of": ["trees", "none"]},
}


def with_histories(table: pa.Table) -> pa.Table:
    empty = pa.array([[]] * table.num_rows, pa.list_(pa.int32()))
    return table.append_column("item_seq", empty)


def right(table: pa.Table) -> np.ndarray:
    """Scores that order all rows right, as long as each is beside its own row."""
    labels = table["label"].to_numpy(zero_copy_only=False)
    return np.random.default_rng(0).uniform(0.1, 0.4, len(labels)) + 0.5 * labels


class World:
    """An ablation whose trainings have a made-up result."""

    def __init__(self, folder, *, labelled: bool = True) -> None:
        self.params = ablation_params(
            arms=ARMS, comparisons=[["none", "trees"]], candidates={"id": {}}, seeds=2
        )
        base = VariedParams(
            quantization=quantization_params(), ctr_modeling=ctr_params()
        )
        self.plan = make_plan(self.params, base, {**INPUTS, "has_tags": True})
        self.train, self.valid = (with_histories(rows(*at)) for at in ((20,), (30,)))
        test = rows(24, start=60, labelled=labelled)
        # A target that the item table lacks is not reported on.
        unknown = np.where(np.arange(96) % 9 == 4, 0, test["item_id"].to_numpy())
        self.test = with_histories(test.set_column(2, "item_id", pa.array(unknown)))
        parts = choose_rows(self.train, self.valid, self.test, self.params)
        self.reported = parts.test
        self.codes = ResultStore(folder / "codes", "json.JSONDataset", ".json")
        self.store = ResultStore(
            folder / "results", "mmctr.data.datasets.ArrowDataset", ".parquet"
        )
        self.scores = []
        for run in self.plan.runs({"none": "id"}):
            rng = np.random.default_rng(run.seed)
            self.scores.append(rng.uniform(0.1, 0.9, self.reported.num_rows))
            self.store.save(run.result, trained(self.scores[-1], run._asdict()))

    def measure(self, valid: np.ndarray, test: np.ndarray) -> dict[str, Any]:
        plan = self.plan.model_dump(mode="json")
        choice = {"chosen": {"none": "id"}, "tried": {"none": {}}}
        tables = (self.train, self.valid, self.test)
        stores = (self.codes, self.store)
        return measure_arms(plan, choice, *stores, *tables, valid, test)[1]


def trained(scores: np.ndarray, run: dict[str, Any]) -> pa.Table:
    validation = {"step": 1, "seconds": 1.0, "auc": 0.5, "gauc": 0.5, "logloss": 0.6}
    facts = {"validations": [validation], "kept": validation, "seconds": 1.0}
    facts |= {"steps": 1, "weights": 1, "content": "", "commit": None}
    facts |= {"out_of_time": False, **run}
    return with_facts(pa.table({"probability": scores}), facts)


def by_name(details: dict[str, Any]) -> dict[str, Any]:
    return {arm["name"]: arm for arm in details["arms"]}


def test_trees_are_measured_beside_their_rows_with_every_seed(tmp_path):
    world = World(tmp_path)
    details = world.measure(right(world.valid), right(world.test))
    trees = by_name(details)["trees"]
    assert trees["values"]["auc"] == trees["values"]["gauc"] == [1.0, 1.0]
    assert trees["auc_sd"] == 0
    (listed,) = details["comparisons"]
    none = by_name(details)["none"]
    assert listed["auc"]["delta"] == pytest.approx(none["auc_mean"] - 1)
    assert listed["auc"]["high"] < 0


def test_where_test_has_no_labels_their_scores_of_valid_are_used(tmp_path):
    world = World(tmp_path, labelled=False)
    blind = np.full(world.test.num_rows, 0.5)
    details = world.measure(right(world.valid), blind)
    assert details["test_is_part_of_valid"]
    assert details["rows"]["test"] < world.valid.num_rows
    assert by_name(details)["trees"]["values"]["auc"] == [1.0, 1.0]


def test_a_mean_takes_their_logits(tmp_path):
    world = World(tmp_path)
    trees = right(world.test)
    details = world.measure(right(world.valid), trees)
    kept = trees[world.test["item_id"].to_numpy() > 0]
    labels = world.reported["label"].to_numpy()
    for seed, scores in enumerate(world.scores):
        mean = mean_logits([kept, scores])
        loss = -np.log(np.where(labels == 1, mean, 1 - mean)).mean()
        found = by_name(details)["both"]["values"]["logloss"][seed]
        assert found == pytest.approx(loss)


def test_scores_of_other_rows_are_refused(tmp_path):
    world = World(tmp_path)
    message = "^test_tree_scores.npy: 95 scores for 96 rows of test_rows.parquet; .*"
    with pytest.raises(ValueError, match=message + "kedro run --pipeline baselines$"):
        world.measure(right(world.valid), right(world.test)[1:])


def test_table_page_and_figures_show_an_arm_without_trainings(tmp_path):
    world = World(tmp_path)
    details = world.measure(right(world.valid), right(world.test))
    table = tabulate_arms(details).set_index("name")
    assert table.loc["trees", "content"] == "boosted trees"
    assert np.isnan(table.loc["trees", "seconds"])
    assert "| trees |" in write_page(details)
    labels = [x.get_text() for x in draw_increments(details).axes[0].get_yticklabels()]
    assert set(labels) == set(ARMS)
    lines = draw_learning(details).axes[0].get_legend().get_texts()
    assert [line.get_text() for line in lines] == ["none"]


@pytest.mark.parametrize("kind", get_args(ArmParams.model_fields["kind"].annotation))
def test_figures_draw_arms_of_every_kind(tmp_path, kind):
    world = World(tmp_path)
    details = world.measure(right(world.valid), right(world.test))
    by_name(details)["none"]["kind"] = kind
    assert len(draw_increments(details).axes[0].get_yticklabels()) == len(ARMS)
    lines = draw_learning(details).axes[0].get_legend().get_texts()
    assert [line.get_text() for line in lines] == ["none"]
