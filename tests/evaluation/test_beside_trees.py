"""A model beside the boosted trees alone: the same numbers as beside all baselines."""

import dataclasses

import numpy as np
import pytest

from mmctr.evaluation import (
    EvaluatedRows,
    EvaluationParams,
    TrainRows,
    evaluate,
    evaluate_beside_trees,
)

GROUPS, ITEMS = 80, 20
PARAMS = EvaluationParams(resamples=40, min_clean_cold_pairs=1, seed=3)


@pytest.fixture
def split() -> EvaluatedRows:
    rng = np.random.default_rng(0)
    rows = 4 * GROUPS
    labels = np.tile([1, 0, 0, 0], GROUPS)
    scores = np.clip(0.25 + 0.2 * labels + rng.normal(0, 0.1, rows), 0.01, 0.99)
    return EvaluatedRows(
        labels=labels,
        probabilities=scores,
        raw_probabilities=np.clip(1.5 * scores, 0.01, 0.99),
        users=np.repeat(np.arange(GROUPS) // 2, 4),
        groups=np.repeat(np.arange(GROUPS), 4),
        items=rng.integers(1, ITEMS + 1, rows),
        history=rng.integers(1, ITEMS + 1, rows),
        offsets=np.arange(rows + 1),
        tree_probabilities=np.clip(0.25 + rng.normal(0, 0.1, rows), 0.01, 0.99),
    )


def test_the_numbers_are_those_beside_all_baselines(split):
    items = np.arange(ITEMS // 2) + 1
    known = TrainRows(items=items, labels=items % 2, history=items)
    vectors = np.eye(ITEMS, dtype=np.float32)
    metrics, _ = evaluate(split, known, vectors, PARAMS)
    found = evaluate_beside_trees(split, PARAMS)
    of_items = {"auc_warm_items", "auc_clean_cold", "clean_cold_pairs"}
    assert set(metrics) - set(found) == of_items
    baselines = metrics.pop("baselines")
    assert found.pop("baselines") == {"boosted_trees": baselines["boosted_trees"]}
    assert found == {name: metrics[name] for name in found}


def test_trees_are_needed_and_their_probabilities_checked(split):
    without = dataclasses.replace(split, tree_probabilities=None)
    with pytest.raises(ValueError, match="tree_probabilities"):
        evaluate_beside_trees(without, PARAMS)
    wrong = dataclasses.replace(split, tree_probabilities=split.probabilities + 1)
    with pytest.raises(ValueError, match="tree_probabilities"):
        evaluate_beside_trees(wrong, PARAMS)
