"""The one node of the pipeline: a seed becomes the files of a synthetic challenge."""

import numpy as np
import pyarrow as pa

from mmctr.data.datasets import TablePieces
from mmctr.data.sample.clicks import SLATE_SIZE, Slates, draw_slates
from mmctr.data.sample.contents import describe_items
from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.tables import (
    click_table,
    item_feature_table,
    item_info_table,
    item_seq_table,
    label_table,
)
from mmctr.data.sample.world import build_world
from mmctr.evaluation import auc, gauc

# A table, one in pieces, vectors, or numbers for JSON.
Written = pa.Table | TablePieces | np.ndarray | dict[str, dict[str, float]]


def generate_sample(params: SampleParams) -> dict[str, Written]:
    """Generate a synthetic data set in the layout of MicroLens_1M_MMCTR.

    Args:
        params: Sizes, laws and the seed, which together determine the result.

    Returns:
        By name of the file: ``item_feature``, ``item_seq``, ``item_info``, ``train``,
        ``valid``, ``test`` (without label), ``test_labels``, ``title_vectors``
        (``[n_items, title_width]`` float32), and ``ceiling``, the AUC and gAUC of the
        best possible score on valid and test. Tables of many rows come in pieces, to
        save memory.
    """
    # One stream per step: more users must not change items, nor wider vectors clicks.
    world_rng, look_rng, user_rng, train_rng, valid_rng, test_rng = (
        np.random.default_rng(params.seed).spawn(6)
    )
    world = build_world(params, world_rng)
    contents = describe_items(world, params, look_rng)
    everything = np.ones(params.n_items, dtype=bool)
    train = draw_slates(world, params.train_users, ~world.cold, params, train_rng)
    valid = draw_slates(world, params.valid_users, everything, params, valid_rng)
    test = draw_slates(world, params.test_users, everything, params, test_rng)

    parts = [train, valid, test]
    sizes = [len(part) for part in parts]
    users = user_rng.permutation(np.arange(1, sum(sizes) + 1))
    train_users, valid_users, test_users = np.split(users, np.cumsum(sizes)[:-1])
    history = pa.concat_arrays([part.history for part in parts])
    return {
        "item_feature": item_feature_table(contents),
        "item_seq": item_seq_table(users, history),
        "item_info": item_info_table(contents),
        "train": click_table(train_users, train, contents, with_label=True),
        "valid": click_table(valid_users, valid, contents, with_label=True),
        "test": click_table(test_users, test, contents, with_label=False),
        "test_labels": label_table(test),
        "title_vectors": contents.title,
        "ceiling": {"valid": measure_ceiling(valid), "test": measure_ceiling(test)},
    }


def measure_ceiling(slates: Slates) -> dict[str, float]:
    """Measure the best possible score of a part.

    Args:
        slates: The part, with its true scores.

    Returns:
        ``auc`` and ``gauc`` (by user).
    """
    labels, scores = slates.label.ravel(), slates.best_score.ravel()
    groups = np.repeat(np.arange(len(slates)), SLATE_SIZE)
    return {
        "auc": float(auc(labels, scores)),
        "gauc": float(gauc(labels, scores, groups)),
    }
