"""The results of an ablation as numbers and a table."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mmctr.data.datasets import ResultStore
from mmctr.data.row_weights import row_weights
from mmctr.evaluation import EvaluationParams, unseen_in_train
from mmctr.evaluation.params import require_weights
from mmctr.experiments.ablation.inputs import (
    TREE_SCORE,
    choose_rows,
    with_tree_scores,
)
from mmctr.experiments.ablation.measures import (
    MEASURES,
    ReportedRows,
    compare_arms,
    compare_listed,
    mean_and_sd,
    mean_logits,
    measure_seeds,
    resample_arms,
)
from mmctr.experiments.ablation.plan import AblationPlan, PlannedArm
from mmctr.experiments.training import facts_of
from mmctr.runtime.code_commit import warn_if_commits_differ

NEARLY_DONE = 0.99
"""Share of its best AUC at which a training counts as nearly done."""


def measure_arms(
    plan: dict[str, Any],
    choice: dict[str, Any],
    code_store: ResultStore,
    store: ResultStore,
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
    valid_tree_scores: np.ndarray,
    test_tree_scores: np.ndarray,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Report every arm once on test; nothing else reads its labels.

    Args:
        plan: Arms, candidates and parameters.
        choice: The candidate of each arm.
        code_store: Method and health of every quantiser, by the name of its codes.
        store: Facts and probabilities of the trainings of these, by name.
        train: Says which targets are cold.
        valid: Where test has no labels, a part of it takes its place.
        test: Labelled rows, or rows without labels.
        valid_tree_scores: Probabilities of the boosted trees, ``[valid rows]``.
        test_tree_scores: The same, ``[test rows]``.

    Returns:
        The summary, for other tools (deltas are gAUC minus the control's), and all
        details.
    """
    planned = AblationPlan.model_validate(plan)
    params = planned.params
    parts = choose_rows(
        train,
        with_tree_scores(valid, valid_tree_scores, "valid"),
        with_tree_scores(test, test_tree_scores, "test"),
        params,
    )
    evaluation = _setting(planned, choice, params.control).ctr_modeling.evaluation
    rows = _reported_rows(parts.test, parts.train, evaluation)
    scores: dict[str, list[np.ndarray]] = {name: [] for name in planned.arms}
    facts: dict[str, list[dict[str, Any]]] = {name: [] for name in planned.arms}
    for run in planned.runs(choice["chosen"]):
        table = store.load(run.result)
        scores[run.arm].append(table["probability"].to_numpy())
        facts[run.arm].append(facts_of(table))
    for name, arm in planned.arms.items():
        if arm.kind == "trees":
            scores[name] = [parts.test[TREE_SCORE].to_numpy()] * params.seeds
        elif arm.of:
            parts_of = zip(*(scores[part] for part in arm.of), strict=True)
            scores[name] = [mean_logits(each) for each in parts_of]
    codes = {name: facts_of(code_store.load(name)) for name in sorted(planned.codes())}
    warn_if_commits_differ(
        (each.get("commit") for each in chain(*facts.values(), codes.values())),
        "trainings and codes of the ablation",
    )
    values = measure_seeds(rows, scores, evaluation.min_clean_cold_pairs)
    measured = resample_arms(
        rows, scores, values, evaluation, resample_seeds=params.resample_seeds
    )
    against = list(dict.fromkeys([params.control, params.rival]))
    compared = compare_arms(measured, against)
    arms = [
        {
            "name": name,
            "kind": arm.kind,
            "seeds": params.all_seeds,
            **_spread(values[name]),
            "against": {other: compared[other][name] for other in compared},
            **(
                _of_trainings(planned, choice, name, facts[name], codes)
                if arm.candidates
                else _of_no_training(arm)
            ),
        }
        for name, arm in planned.arms.items()
    ]
    details = {
        "control": params.control,
        "rival": params.rival if params.rival in planned.arms else None,
        "rows": {name: part.num_rows for name, part in parts._asdict().items()},
        "test_is_part_of_valid": bool(test["label"].null_count),
        "seeds": params.all_seeds,
        "choose_by": params.choose_by,
        "budget": params.budget.model_dump(),
        "weighted": evaluation.weighted,
        "resamples": evaluation.resamples,
        "confidence": evaluation.confidence,
        "power": evaluation.power,
        "seeds_resampled": params.resample_seeds and params.seeds > 1,
        "arms": arms,
        "comparisons": compare_listed(measured, params.comparisons),
        "codes": codes,
    }
    summary = [_summary(arm, params.control) for arm in arms]
    return {"control": params.control, "arms": summary}, details


def tabulate_arms(details: dict[str, Any]) -> pd.DataFrame:
    """Tabulate the details, one row per arm.

    Args:
        details: From :func:`measure_arms`.

    Returns:
        Means, spreads, differences with intervals and p-values to the control and the
        rival, cost and learning speed.
    """
    return pd.DataFrame([_flat(arm) for arm in details["arms"]])


def _reported_rows(
    test: pa.Table, train: pa.Table, evaluation: EvaluationParams
) -> ReportedRows:
    history = train["item_seq"].combine_chunks().flatten().to_numpy()
    weights = row_weights(test)
    require_weights(evaluation, len(weights) > 0)
    return ReportedRows(
        labels=test["label"].to_numpy(),
        users=test["user_id"].to_pandas().to_numpy(),
        groups=test["group_id"].to_numpy(),
        cold=unseen_in_train(
            test["item_id"].to_numpy(), train["item_id"].to_numpy(), history
        ),
        weights=weights.astype(np.float64) if evaluation.weighted else None,
    )


def _setting(planned: AblationPlan, choice: dict[str, Any], arm: str) -> Any:
    return planned.arms[arm].candidates[choice["chosen"][arm]]


def _spread(measured: dict[str, list[float | None]]) -> dict[str, Any]:
    found: dict[str, Any] = {"values": measured}
    for name in MEASURES:
        found[f"{name}_mean"], found[f"{name}_sd"] = mean_and_sd(measured[name])
    return found


def _of_trainings(
    planned: AblationPlan,
    choice: dict[str, Any],
    name: str,
    facts: list[dict[str, Any]],
    codes: Mapping[str, Any],
) -> dict[str, Any]:
    """What an arm's trainings were, and what they cost."""
    return {
        "candidate": choice["chosen"][name],
        "tried": choice["tried"][name],
        "left_out": planned.arms[name].left_out,
        "content": facts[0]["content"],
        "weights": facts[0]["weights"],
        **_learning(facts),
        **_bits(codes, _setting(planned, choice, name).codes),
    }


def _of_no_training(arm: PlannedArm) -> dict[str, Any]:
    """The same of an arm that has no trainings of its own."""
    nothing = ("candidate", "weights", "seconds", "steps", "steps_to_99")
    nothing += ("seconds_to_99", "codes", "bits_per_item", "codes_seconds")
    return {
        **dict.fromkeys(nothing),
        "tried": {},
        "left_out": {},
        "content": (
            f"mean logit of {' and '.join(arm.of)}" if arm.of else "boosted trees"
        ),
        "out_of_time": 0,
        "still_rising": 0,
        "curves": [],
    }


def _learning(facts: list[dict[str, Any]]) -> dict[str, Any]:
    from mmctr.ctr.training.learning_curve import first_within

    near = [first_within(each["validations"], NEARLY_DONE) for each in facts]
    return {
        "seconds": float(np.mean([each["seconds"] for each in facts])),
        "steps": float(np.mean([each["steps"] for each in facts])),
        "steps_to_99": float(np.mean([each["step"] for each in near])),
        "seconds_to_99": float(np.mean([each["seconds"] for each in near])),
        "out_of_time": sum(each["out_of_time"] for each in facts),
        # Best at its last validation: more epochs might have helped.
        "still_rising": sum(
            each["kept"]["step"] == each["validations"][-1]["step"] for each in facts
        ),
        "curves": [
            {
                "seed": each["seed"],
                "near": each["validations"].index(reached),
                **{
                    name: [entry[name] for entry in each["validations"]]
                    for name in ("step", "seconds", "auc", "gauc")
                },
            }
            for each, reached in zip(facts, near, strict=True)
        ],
    }


def _bits(health: Mapping[str, Any], codes: str | None) -> dict[str, Any]:
    """Bits of all modalities together, and the seconds that the codes took."""
    found = health[codes]["modalities"] if codes else {}
    there = [each for each in found.values() if each]
    if not there:
        return {"codes": codes, "bits_per_item": None, "codes_seconds": None}
    seconds = [each["fit_seconds"] + each["encode_seconds"] for each in there]
    return {
        "codes": codes,
        "bits_per_item": sum(each["bits_per_item"] for each in there),
        "codes_seconds": sum(seconds),
    }


def _summary(arm: dict[str, Any], control: str) -> dict[str, Any]:
    found = arm["against"][control]["gauc"]
    own = ("auc_mean", "auc_sd", "gauc_mean", "gauc_sd", "logloss_mean")
    return {
        "name": arm["name"],
        "kind": arm["kind"],
        "seeds": arm["seeds"],
        **{name: arm[name] for name in (*own, "clean_cold_mean")},
        "delta_gauc": found["delta"],
        "delta_low": found["low"],
        "delta_high": found["high"],
        "p_holm": found["p_holm"],
        "seconds": arm["seconds"],
        "steps_to_99": arm["steps_to_99"],
    }


def _flat(arm: dict[str, Any]) -> dict[str, Any]:
    row = {name: arm[name] for name in ("name", "kind", "candidate", "content")}
    row["seeds"] = len(arm["seeds"])
    for name in MEASURES:
        row |= {key: arm[key] for key in (f"{name}_mean", f"{name}_sd")}
    for other, measures in arm["against"].items():
        for name, found in measures.items():
            row |= {f"{name}_minus_{other}_{key}": x for key, x in found.items()}
    cost = ("bits_per_item", "codes_seconds", "weights", "seconds", "steps")
    learned = ("steps_to_99", "seconds_to_99", "out_of_time", "still_rising")
    return row | {name: arm[name] for name in (*cost, *learned)}
