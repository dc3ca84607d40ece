"""Which models are trained, and when a result of before still counts."""

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
from mmctr.experiments.ablation.plan import AblationPlan, make_plan
from mmctr.experiments.ablation.runs import RunTrainer, choose_candidates
from mmctr.experiments.common import fingerprint
from mmctr.experiments.training import facts_of, with_facts
from mmctr.experiments.varied_params import VariedParams


def planned(params=None, quantization=None, ctr=None, **inputs) -> AblationPlan:
    return make_plan(
        params or ablation_params(),
        VariedParams(
            quantization=quantization or quantization_params(),
            ctr_modeling=ctr or ctr_params(),
        ),
        {**INPUTS, **inputs},
    )


def results(plan: AblationPlan) -> set[str]:
    first = {name: next(iter(arm.candidates)) for name, arm in plan.arms.items()}
    return {
        run.result
        for name, arm in plan.arms.items()
        for candidate in arm.candidates
        for run in plan.runs({**first, name: candidate})
    }


def test_candidates_are_tried_by_the_first_seeds_and_the_chosen_one_trained_by_all():
    plan = planned()
    assert [(run.arm, run.candidate, run.seed) for run in plan.trials()] == [
        ("coded", "id", 5),
        ("coded", "no_id", 5),
    ]
    chosen = {"none": "id", "coded": "no_id"}
    runs = [(run.arm, run.candidate, run.seed) for run in plan.runs(chosen)]
    assert runs == [
        (arm, candidate, seed)
        for arm, candidate in chosen.items()
        for seed in (5, 6, 7)
    ]
    # What was tried is not trained again.
    tried = {run.result for run in plan.trials()}
    assert len(tried & {run.result for run in plan.runs(chosen)}) == 1


def test_a_candidate_without_any_feature_is_left_out():
    plan = planned()
    assert plan.arms["none"].left_out == {
        "no_id": "it leaves items without any feature here"
    }
    assert planned(fields=["likes"]).arms["none"].left_out == {}


def test_a_candidate_that_is_another_one_with_these_parameters_is_not_tried():
    whole = {"model": {"continuous": {"components": 0}}}
    no_id = {"features": {"item_id": False}}
    params = ablation_params(
        candidates={
            "id": {},
            "whole": {"ctr_modeling": whole},
            "no_id": {"ctr_modeling": no_id},
        }
    )
    coded = planned(params).arms["coded"]
    assert list(coded.candidates) == ["id", "whole", "no_id"]
    coded = planned(params, ctr=ctr_params(**whole)).arms["coded"]
    assert list(coded.candidates) == ["id", "no_id"]
    assert coded.left_out == {"whole": "it is 'id' with these parameters"}


def test_an_arm_without_any_feature_is_refused():
    candidates = {"no_id": {"ctr_modeling": {"features": {"item_id": False}}}}
    with pytest.raises(ValueError, match="arm 'none' leaves items .*item_id: true"):
        planned(ablation_params(candidates=candidates))


def test_what_changes_a_result_changes_its_name():
    base = results(planned())
    assert base == results(planned())
    assert len(base) == 9  # none: id; coded: id and no_id; three seeds each
    changed = [
        planned(ablation_params(budget={"max_epochs": 3})),
        planned(ctr=ctr_params(model={"embedding_dim": 8})),
        planned(train="other"),
        planned(test="other"),
    ]
    for plan in changed:
        assert not base & results(plan)


def test_what_changes_no_result_changes_no_name():
    base = results(planned())
    same = [
        planned(ctr=ctr_params(progress=True, device="cpu")),
        planned(ctr=ctr_params(evaluation={"seed": 5, "resamples": 9})),
        planned(ablation_params(resample_seeds=False, choose_by="auc")),
        planned(quantization=quantization_params(progress=True)),
    ]
    for plan in same:
        assert results(plan) == base
    assert base < results(planned(ablation_params(seeds=4)))


def test_codes_matter_to_arms_with_codes_only_and_are_shared_by_them():
    base, other = (
        planned(quantization=quantization_params(method=method))
        for method in ("rq_kmeans", "pq")
    )
    common = results(base) & results(other)
    assert {name.split("/")[0] for name in common} == {"none"}
    codes = {each.codes for each in base.arms["coded"].candidates.values()}
    assert len(codes) == 1
    assert base.arms["none"].candidates["id"].codes is None


def test_arms_have_statistics_without_content_unless_they_say_otherwise():
    """The control must not see titles by way of a statistic."""
    own = {"ctr_modeling": {"features": {"statistics": ["lexical"]}}}
    arms = {
        "none": {"kind": "none"},
        "all": {"kind": "codes", "statistics": "all"},
        "own": {"kind": "codes", **own},
        "candidate": {"kind": "codes", "candidates": {"id": own}},
    }
    kinds = ["history", "similarity", "popularity", "lexical", "tags", "codes"]
    ctr = ctr_params(features={"statistics": kinds})
    plan = planned(ablation_params(arms=arms), ctr=ctr)
    assert {
        name: arm.candidates["id"].ctr_modeling.features.statistics
        for name, arm in plan.arms.items()
    } == {
        "none": ["history", "popularity", "tags"],
        "all": kinds,
        "own": ["lexical"],
        "candidate": ["lexical"],
    }


def test_an_arm_of_the_project_has_its_content_and_statistics():
    arms = {
        "none": {"kind": "none"},
        "other": {
            "kind": "project",
            "candidates": {},
            "ctr_modeling": {"model": {"name": "qin"}},
        },
    }
    own = {"content": "similarity", "statistics": ["history", "similarity"]}
    plan = planned(ablation_params(arms=arms), ctr=ctr_params(features=own))
    found = plan.arms["other"].candidates["default"].ctr_modeling
    assert found.features.content == "similarity"
    assert found.features.statistics == ["history", "similarity"]
    assert found.model.name == "qin"


def test_a_plan_survives_json():
    found = planned().model_dump(mode="json")
    assert AblationPlan.model_validate(found) == planned()


def test_the_candidate_whose_kept_weights_are_best_on_valid_is_chosen():
    params = ablation_params(seeds=2, candidate_seeds=2)
    plan = planned(params)
    peaks = {("id", 5): 0.6, ("id", 6): 0.7, ("no_id", 5): 0.9, ("no_id", 6): 0.5}

    trials = [
        {
            "arm": run.arm,
            "candidate": run.candidate,
            "kept": {"gauc": peaks[run.candidate, run.seed], "auc": 0.5},
        }
        for run in plan.trials()
    ]
    choice = choose_candidates(plan, trials)
    assert choice["chosen"] == {"none": "id", "coded": "no_id"}
    assert choice["tried"]["coded"] == pytest.approx({"id": 0.65, "no_id": 0.7})


def test_the_candidate_of_the_lowest_logloss_can_be_chosen():
    plan = planned(ablation_params(choose_by="logloss"))
    losses = {"id": 0.5, "no_id": 0.4}
    trials = [
        {
            "arm": run.arm,
            "candidate": run.candidate,
            "kept": {"gauc": losses[run.candidate], "logloss": losses[run.candidate]},
        }
        for run in plan.trials()
    ]
    choice = choose_candidates(plan, trials)
    assert choice["chosen"] == {"none": "id", "coded": "no_id"}
    assert choice["tried"]["coded"] == losses


def test_a_failing_training_is_named(tmp_path):
    plan = planned()
    codes = ResultStore(tmp_path, "json.JSONDataset", ".json")
    trainer = RunTrainer(plan, codes, items=None, parts=None)
    message = "^ablation: arm 'coded', candidate 'id', seed 5: .* is not among the"
    with pytest.raises(ValueError, match=message):
        trainer.train(next(plan.trials()))


def test_a_fingerprint_is_of_names_types_and_values():
    table = rows(50)
    assert fingerprint(table) == fingerprint(rows(50))
    assert fingerprint(with_facts(table, {"any": 1})) == fingerprint(table)
    others = [rows(51), rows(50, start=2), table.drop_columns("label")]
    others.append(table.rename_columns(["u", "g", "i", "l"]))
    assert fingerprint(table) not in {fingerprint(other) for other in others}
    assert facts_of(with_facts(table, {"any": [1, None]})) == {"any": [1, None]}


def test_train_is_cut_to_whole_groups():
    params = ablation_params(budget={"max_epochs": 1, "train_rows": 30})
    train, valid, test = rows(20), rows(5), rows(5)
    parts = choose_rows(train, valid, test, params)
    assert parts.train.num_rows == 28
    assert set(parts.train["group_id"].value_counts().field("counts").to_pylist()) == {
        4
    }
    assert parts.train == choose_rows(train, valid, test, params).train
    assert (parts.valid, parts.test) == (valid, test)
    assert choose_rows(train, valid, test, ablation_params()).train == train


def test_where_test_has_no_labels_users_of_valid_take_its_place():
    valid, blind = rows(20), rows(20, start=40, labelled=False)
    parts = choose_rows(rows(20), valid, blind, ablation_params())
    users = [set(part["user_id"].to_pylist()) for part in (parts.valid, parts.test)]
    assert not users[0] & users[1]
    assert parts.valid.num_rows == parts.test.num_rows == 40
    with pytest.raises(ValueError, match="test_share"):
        choose_rows(rows(20), rows(1), blind, ablation_params())
