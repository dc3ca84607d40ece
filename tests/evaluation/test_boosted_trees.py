"""Boosted trees, on made rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mmctr.evaluation import auc
from mmctr.evaluation.boosted_trees import FittedTrees, draw_groups, fit_trees
from mmctr.evaluation.metrics import normalized_entropy
from mmctr.evaluation.negative_sampling import undo_negative_sampling
from mmctr.evaluation.params import BoostedTreesParams

PARAMS = BoostedTreesParams(max_rounds=60, min_data_in_leaf=20)
COLUMNS = ["left", "right", "noise", "sometimes"]


def made_rows(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Clicks where ``left`` and ``right`` have the same sign; neither alone says a
    thing. ``sometimes`` is NaN in half of the rows, most of them clicks."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 4)).astype(np.float32)
    labels = (features[:, 0] * features[:, 1] > 0) ^ (rng.random(rows) < 0.1)
    features[rng.random(rows) < 0.2 + 0.6 * labels, 3] = np.nan
    return features, labels.astype(np.int8)


def fitted(
    *, threads: int = 1, seed: int = 1, columns: slice = slice(3)
) -> FittedTrees:
    train, labels = made_rows(0, 6000)
    valid, valid_labels = made_rows(1, 1500)
    return fit_trees(
        train[:, columns],
        labels,
        valid[:, columns],
        valid_labels,
        COLUMNS[columns],
        PARAMS,
        seed=seed,
        threads=threads,
    )


def test_an_interaction_is_learned_and_named():
    test, labels = made_rows(2, 1500)
    trees = fitted()
    probabilities = trees.predict(test[:, :3])
    assert probabilities.dtype == np.float64
    assert auc(labels, probabilities) > 0.85
    assert auc(labels, test[:, 0]) < 0.55
    assert set(list(trees.gain)[:2]) == {"left", "right"}
    assert sum(trees.gain.values()) == pytest.approx(1)
    assert list(trees.gain.values()) == sorted(trees.gain.values(), reverse=True)


def test_results_do_not_depend_on_the_number_of_threads():
    test, _ = made_rows(2, 1500)
    scores = [fitted(threads=n).predict(test[:, :3]).tobytes() for n in (0, 1, 2, 3)]
    assert len(set(scores)) == 1
    other = fitted(seed=2).predict(test[:, :3]).tobytes()
    assert other != scores[0]


def test_what_is_not_known_is_information_too():
    test, labels = made_rows(2, 1500)
    trees = fitted(columns=slice(3, 4))
    assert auc(labels, trees.predict(test[:, 3:])) > 0.75
    nothing = np.full((2, 1), np.nan, np.float32)
    assert (trees.predict(nothing) > 0.7).all()


def test_it_stops_where_valid_gets_no_better():
    features, _ = made_rows(0, 2000)
    noise = np.random.default_rng(5).integers(0, 2, 2000)
    train, valid = slice(0, 1500), slice(1500, 2000)
    params = BoostedTreesParams(
        max_rounds=500, min_data_in_leaf=5, early_stopping_rounds=4
    )
    trees = fit_trees(
        features[train],
        noise[train],
        features[valid],
        noise[valid],
        COLUMNS,
        params,
        seed=1,
    )
    assert 1 <= trees.best_round < 100


def test_without_anything_to_split_on_it_is_the_click_rate():
    labels = np.tile([1, 0, 0, 0], 200)
    features = np.ones((800, 2), np.float32)
    trees = fit_trees(features, labels, features, labels, ["a", "b"], PARAMS, seed=1)
    assert trees.predict(features[:3]) == pytest.approx([0.25] * 3)
    assert trees.gain == {"a": 0, "b": 0}


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_refused(label):
    features, labels = made_rows(0, 100)
    same = np.full(100, label)
    with pytest.raises(ValueError, match=rf"both 0 and 1 .* holds \[{label}\]"):
        fit_trees(features, same, features, labels, COLUMNS, PARAMS, seed=1)
    # In valid it is only the logloss that chooses the number of trees.
    fit_trees(features, labels, features, same, COLUMNS, PARAMS, seed=1)


def test_rows_that_do_not_fit_are_refused():
    features, labels = made_rows(0, 100)
    with pytest.raises(ValueError, match="labels has shape"):
        fit_trees(features, labels[1:], features, labels, COLUMNS, PARAMS, seed=1)
    with pytest.raises(ValueError, match="labels, row 0: 2"):
        fit_trees(features, labels + 2, features, labels, COLUMNS, PARAMS, seed=1)


def test_it_is_silent(capfd):
    fitted()
    # Where LightGBM would warn: no column can be split.
    test_without_anything_to_split_on_it_is_the_click_rate()
    assert capfd.readouterr() == ("", "")


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=60),
    st.integers(1, 70),
    st.integers(0, 5),
)
def test_whole_groups_are_drawn(groups, most, seed):
    rows = draw_groups(np.array(groups), most, seed)
    drawn = [groups[row] for row in rows]
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert len(rows)
    for group in set(drawn):
        assert drawn.count(group) == groups.count(group)
    if len(groups) <= most:
        assert drawn == groups
    else:
        assert len(rows) <= most or len(set(drawn)) == 1


def test_a_part_has_both_classes_and_follows_the_seed():
    groups = np.repeat(np.arange(1000), 4)
    labels = np.tile([1, 0, 0, 0], 1000)
    rows = draw_groups(groups, 1000, 1)
    assert len(rows) == 1000
    assert labels[rows].mean() == 0.25
    assert np.array_equal(rows, draw_groups(groups, 1000, 1))
    assert not np.array_equal(rows, draw_groups(groups, 1000, 2))
    # Not the first groups, and not evenly spaced ones.
    assert len(set(np.diff(np.unique(groups[rows])))) > 2


def test_unknown_settings_are_refused():
    with pytest.raises(ValidationError, match="num_leafs"):
        BoostedTreesParams(num_leafs=3)


def rare_clicks(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Clicks of about 4 % of the rows, likelier where the only column is high."""
    rng = np.random.default_rng(seed)
    column = rng.normal(size=rows)
    chance = 1 / (1 + np.exp(4 - column))
    labels = (rng.random(rows) < chance).astype(np.int8)
    return column[:, None].astype(np.float32), labels


def test_probabilities_are_corrected_where_a_tenth_of_the_negatives_is_kept():
    (features, labels), valid = rare_clicks(0, 40_000), rare_clicks(1, 20_000)
    test, test_labels = rare_clicks(2, 40_000)
    kept = (labels == 1) | (np.random.default_rng(3).random(40_000) < 0.1)
    given = (features[kept], labels[kept], *valid, ["left"], PARAMS)
    probabilities = {
        share: fit_trees(*given, seed=1, negative_keep=share).predict(test)
        for share in (0.1, 1.0)
    }
    rate = test_labels.mean()
    spread = 2 * np.sqrt(rate * (1 - rate) / len(test))
    assert abs(probabilities[0.1].mean() - rate) < 2 * spread
    assert normalized_entropy(test_labels, probabilities[0.1]) < 0.95
    # Without the correction the click rate is that of the kept rows.
    assert probabilities[1.0].mean() > 3 * rate
    assert normalized_entropy(test_labels, probabilities[1.0]) > 1
    # Valid has all negatives; stopped by corrected probabilities, trees have grown.
    assert fit_trees(*given, seed=1, negative_keep=0.1).best_round > 5


def test_a_row_of_weight_three_counts_as_three_rows():
    features, labels = made_rows(0, 2000)
    valid, valid_labels = made_rows(1, 500)
    times = np.where(np.arange(2000) < 500, 3, 1)
    params = PARAMS.model_copy(update={"min_data_in_leaf": 1, "max_rounds": 5})
    rest = (valid, valid_labels, COLUMNS, params)
    weighted = fit_trees(
        features, labels, *rest, seed=1, weights=times.astype(np.float32)
    )
    repeated = fit_trees(
        features.repeat(times, axis=0), labels.repeat(times), *rest, seed=1
    )
    plain = fit_trees(features, labels, *rest, seed=1)
    found = weighted.predict(valid).mean()
    assert found == pytest.approx(repeated.predict(valid).mean(), abs=0.005)
    assert not np.array_equal(weighted.predict(valid), plain.predict(valid))


@given(st.floats(0.001, 0.999), st.floats(0.01, 1))
def test_the_correction_undoes_what_keeping_a_share_does(p, share):
    among_kept = p / (p + (1 - p) * share)
    assert undo_negative_sampling(np.array([among_kept]), share)[0] == pytest.approx(p)
