"""The bundle that is asked: of a synthetic log of Amazon Toys' sizes."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.project import copy_project, kedro

ITEMS, USERS, EVENTS = 11_758, 19_124, 165_247
WORDS, TITLE = 6_000, 8
FIRST_DAY, DAYS = 15_000, 1_500
SEED = 20242025
# How good the model is doesn't matter: it is as large as any.
_SHORT = (
    "embedding.provider=lsa,ctr_modeling.training.max_epochs=1,"
    "ctr_modeling.evaluation.resamples=50,baselines.boosted_trees.max_rounds=20,"
    "device=cpu"
)


def write_log(folder: Path, *, items: int, users: int, events: int) -> None:
    """Draw clicks with few popular items, some active users, and titles of words."""
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True)
    popularity = 1 / np.arange(10, items + 10)
    activity = rng.lognormal(0, 0.8, users)
    log = pa.table(
        {
            "user_id": rng.choice(users, events, p=activity / activity.sum()),
            "item_id": rng.choice(items, events, p=popularity / popularity.sum()),
            "timestamp": (FIRST_DAY + rng.integers(0, DAYS, events)) * 86_400,
        }
    )
    frequency = 1 / np.arange(1, WORDS + 1)
    words = rng.choice(WORDS, (items, TITLE), p=frequency / frequency.sum())
    titles = [" ".join(f"word{x}" for x in own) for own in words]
    pq.write_table(log, folder / "interactions.parquet")
    pq.write_table(
        pa.table({"item_id": np.arange(items), "title": titles}),
        folder / "items.parquet",
    )


def make_bundle(
    folder: Path, *, items: int = ITEMS, users: int = USERS, events: int = EVENTS
) -> Path:
    """Run the pipelines on such a log, with all row statistics.

    Args:
        folder: An empty one.
        items: Of the catalog.
        users: At most.
        events: Clicks.

    Returns:
        The bundle's folder.
    """
    copy_project(folder)
    raw = folder / "raw"
    write_log(raw, items=items, users=users, events=events)
    given = f"raw_dir={raw},dataset=served,{_SHORT}"
    arguments = ["run", "--env", "interactions", "--to-outputs", "bundle"]
    kedro(folder, [*arguments, "--params", given], os.environ)
    return folder / "data/06_models/served/bundle"
