"""A log that goes on, and runs that go on from a bundle."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from project_runs import write_config
from served_runs import IMAGE_WIDTH, bundle_of, rich_params

NEW_ITEMS, LATER = 6, 1_500
DAY = 86_400
LOG = "interactions"


def write_later_log(raw: Path, folder: Path) -> None:
    """The log of a run with later events, new items in front, and new countries."""
    rng = np.random.default_rng(11)
    read = {
        name: pq.read_table(raw / f"{name}.parquet") for name in (LOG, "items", "users")
    }
    items, users = read["items"], read["users"]
    new = items.slice(0, NEW_ITEMS).to_pylist()
    for place, row in enumerate(new):
        vector = rng.normal(size=IMAGE_WIDTH).tolist()
        row |= {"item_id": f"new{place}", "image_vector": vector}
    added = pa.Table.from_pylist(new, items.schema)
    # The earlier items are in another order.
    backwards = items.take(pa.array(np.arange(items.num_rows)[::-1]))
    read["items"] = pa.concat_tables([added, backwards])
    names = read["items"]["item_id"].to_pylist()
    more = pa.table(
        {
            "user_id": [f"v{x}" for x in range(20)],
            "country": ["fi"] * 20,
        },
        schema=users.schema,
    )
    read["users"] = pa.concat_tables([users, more])
    people = read["users"]["user_id"].to_pylist()
    last = pc.max(read[LOG]["timestamp"]).as_py()
    log = pa.table(
        {
            "user_id": rng.choice(people, LATER),
            "item_id": rng.choice(names, LATER),
            "timestamp": np.sort(last + 1 + rng.integers(0, 40 * DAY, LATER)),
            "label": (rng.random(LATER) < 0.3).astype(np.int8),
            "position": rng.integers(1, 5, LATER),
        }
    ).cast(read[LOG].schema)
    read[LOG] = pa.concat_tables([read[LOG], log])
    folder.mkdir()
    for name, table in read.items():
        pq.write_table(table, folder / f"{name}.parquet")


def later_params(project: Path, params: dict | None = None, **going_on) -> dict:
    """Parameters of a run on the later log; those of the earlier run, or others."""
    params = params or rich_params()
    start = {"start_from": str(bundle_of(project)), "going_on": going_on}
    return params | {
        "dataset": "later",
        "raw_dir": str(project / "later"),
        "ctr_modeling": params["ctr_modeling"] | start,
    }


def run_later(project: Path, params: dict, last: str = "make_bundle") -> tuple:
    """Arguments of a run up to a node."""
    options = {"env": "interactions", "params": params, "to_nodes": last}
    return "--config", write_config(project / "later.yml", **options)
