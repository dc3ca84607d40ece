"""The ablation on a log in which titles are known to matter."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from project_runs import must_run, write_config

PLANTED: dict[str, Any] = {
    "dataset": "test",
    "device": "cpu",
    "embedding": {"provider": "lsa", "lsa": {"dimensions": 16}},
    "quantization": {"rq_kmeans": {"levels": 2, "codebook_size": 16, "iterations": 5}},
    "ctr_modeling": {
        "model": {"embedding_dim": 8, "attention_units": [16], "dnn_units": [32, 16]},
        "training": {"learning_rate": 0.005, "batch_size": 256},
        "evaluation": {"resamples": 300, "min_clean_cold_pairs": 10},
    },
    "ablation": {
        "only": "none+rq_kmeans_positional",
        "seeds": 2,
        "candidates": {"id_dropout": None},
        "budget": {"max_epochs": 3, "validations_per_epoch": 2},
    },
}


def write_topics(folder: Path) -> None:
    """A log whose users take items of one topic, which only titles reveal."""
    rng = np.random.default_rng(1)
    n_topics, n_items, n_users, each = 8, 1200, 900, 6
    topics = rng.integers(n_topics, size=n_items)
    words = [[f"{letter}{number}" for number in range(6)] for letter in "abcdefgh"]
    titles = [" ".join(rng.choice(words[topic], 3)) for topic in topics]
    of_topic = [np.flatnonzero(topics == topic) for topic in range(n_topics)]
    taken = [rng.choice(of_topic[user % n_topics], each) for user in range(n_users)]
    folder.mkdir()
    items = pa.table({"item_id": np.arange(n_items), "title": titles})
    pq.write_table(items, folder / "items.parquet")
    log = {
        "user_id": np.repeat(np.arange(n_users), each),
        "item_id": np.concatenate(taken),
        "timestamp": rng.integers(0, 200 * 86_400, n_users * each),
    }
    pq.write_table(pa.table(log), folder / "interactions.parquet")


@pytest.mark.system
def test_codes_are_shown_to_help_where_they_do(project):
    write_topics(project / "raw")
    params = {**PLANTED, "raw_dir": str(project / "raw")}
    file = write_config(project / "planted.yml", env="interactions", params=params)
    must_run(project, "--to-nodes", "score_by_trees", "--config", file)
    must_run(project, "--pipeline", "ablation", "--config", file)
    file = project / "data/08_reporting/test/ablation.json"
    found = json.loads(file.read_text())
    arms = {arm["name"]: arm for arm in found["arms"]}
    codes = arms["rq_kmeans_positional"]
    assert codes["delta_low"] > 0
    assert codes["p_holm"] < 0.05
