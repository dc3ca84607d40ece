"""Items that occur only in test, added to a bundle that never heard of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from project_runs import copy_project
from served_runs import (
    bundle_of,
    requests_of_test,
    rich_params,
    run_log,
    with_raw_fields,
    write_rich_log,
)
from shared_runs import made_once

from mmctr import Scorer
from mmctr.evaluation.metrics import auc, gauc

# It uses two runs of the pipelines.
pytestmark = pytest.mark.system

COLD = [f"i{x}" for x in range(36, 48)]
"""Rarely shown; of their events those in test are kept."""

KINDS = ["history", "popularity", "rates", "cooccurrence", "similarity", "lexical"]


def logs(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[int]]:
    """Events, items, and the first times of valid and test."""
    write_rich_log(folder)
    log = pd.read_parquet(folder / "interactions.parquet")
    cuts = log["timestamp"].iloc[[len(log) * 7 // 10, len(log) * 8 // 10]].tolist()
    early = log["timestamp"] < cuts[1]
    log = log[~(log["item_id"].isin(COLD) & early)]
    items = pd.read_parquet(folder / "items.parquet").drop(columns=["likes", "tags"])
    items.to_parquet(folder / "items.parquet")
    return log, items, cuts


def params_for(log: pd.DataFrame, cuts: list[int]) -> dict[str, Any]:
    """Nothing that is fitted on all items, and parts that begin at the same times.

    Centres, quantisers, the borders of likes and the order of tags are, so that models
    of these would be two trainings.
    """
    valid, test = np.searchsorted(log["timestamp"], cuts)
    params = rich_params(content="continuous+similarity", statistics=KINDS)
    params["embedding"]["modalities"]["title"]["center"] = False
    params["preparation"] = {
        "valid_fraction": float(test - valid) / len(log),
        "test_fraction": (len(log) - int(test) - 0.5) / len(log),
    }
    return params


@pytest.fixture(scope="module")
def knowing(tmp_path_factory) -> Path:
    """A run that knows their titles, fields and vectors from the beginning."""

    def run(folder: Path) -> dict[str, str]:
        copy_project(folder)
        log, _, cuts = logs(folder / "raw")
        log.to_parquet(folder / "raw" / "interactions.parquet")
        run_log(folder, params_for(log, cuts))
        return {}

    return made_once(tmp_path_factory, "knowing", run)[0]


@pytest.fixture(scope="module")
def ignorant(tmp_path_factory) -> Path:
    """A run on the same log without them."""

    def run(folder: Path) -> dict[str, str]:
        copy_project(folder)
        log, items, cuts = logs(folder / "raw")
        log = log[~log["item_id"].isin(COLD)]
        log.to_parquet(folder / "raw" / "interactions.parquet")
        items[~items["item_id"].isin(COLD)].to_parquet(folder / "raw" / "items.parquet")
        run_log(folder, params_for(log, cuts))
        return {}

    return made_once(tmp_path_factory, "ignorant", run)[0]


def test_added_items_are_scored_as_if_they_had_been_known(knowing, ignorant, tmp_path):
    log, items, _ = logs(tmp_path / "raw")
    requests, expected = requests_of_test(knowing)
    requests = with_raw_fields(knowing, requests)
    scorer = Scorer.load(bundle_of(ignorant))
    assert not set(COLD) & set(scorer.items)
    scorer.add_items(items[items["item_id"].isin(COLD)])
    scorer.observe(log[log["item_id"].isin(COLD)].drop(columns="position"))
    found = scorer.score_frame(requests)
    assert found == pytest.approx(expected, abs=0.002)

    keys = ["user_id", "item_id", "timestamp"]
    rows = requests.select(keys).to_pandas()
    labels = rows.merge(log.drop_duplicates(keys), on=keys, how="left")["label"]
    cold = rows["item_id"].isin(COLD).to_numpy()
    assert cold.sum() > 20
    y, groups = labels.to_numpy()[cold], pd.factorize(rows["user_id"])[0][cold]
    for metric in (auc, lambda labels, scores: gauc(labels, scores, groups)):
        known = metric(y, expected[cold])
        assert metric(y, found[cold]) == pytest.approx(known, abs=0.002)
