"""Runs of the project in a copy, and a small log to run it on."""

import functools
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result
from kedro.framework.project import configure_project, pipelines
from parsed_once import parse_once
from paths import REPOSITORY

ROAD = (
    "preparation",
    "embedding",
    "quantization",
    "fusion",
    "row_statistics",
    "baselines",
    "ctr_modeling",
    "reporting",
    "bundle",
)


def copy_project(folder: Path) -> Path:
    """Copy what makes a Kedro project; the package itself is installed."""
    shutil.copytree(
        REPOSITORY / "conf",
        folder / "conf",
        # A developer's own settings would change the outcome.
        ignore=lambda path, names: names if Path(path).name == "local" else [],
    )
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(REPOSITORY / name, folder / name)
    (folder / "src").mkdir()
    (folder / "conf" / "local").mkdir(exist_ok=True)
    return folder


@functools.cache
def configure_once() -> None:
    """Tell Kedro of the package: half a second, so deep in pytest."""
    configure_project("mmctr")


def kedro_run(project: Path, *arguments: str) -> Result:
    """``kedro run ARGUMENTS`` in a project's folder, in this process."""
    from mmctr.project.cli import run

    configure_once()
    # A new registry: Kedro remembers the pipelines that an earlier run asked for.
    pipelines.configure("mmctr.pipeline_registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        parse_once(patch)
        return CliRunner().invoke(run, list(arguments), prog_name="kedro run")


def must_run(project: Path, *arguments: str) -> Result:
    """The same, where an error is the test's failure."""
    result = kedro_run(project, *arguments)
    if result.exit_code != 0:
        pytest.fail(f"{arguments}: {result.output}\n{result.exception!r}")
    return result


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file of a tree with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


TINY: dict[str, Any] = {
    "device": "cpu",
    "embedding": {"provider": "lsa", "lsa": {"dimensions": 8}},
    "quantization": {"rq_kmeans": {"levels": 2, "codebook_size": 8, "iterations": 3}},
    "baselines": {"boosted_trees": {"max_rounds": 5, "min_data_in_leaf": 10}},
    "ctr_modeling": {
        "model": {"embedding_dim": 4, "attention_units": [8], "dnn_units": [8]},
        "training": {"max_epochs": 1, "batch_size": 128},
        "evaluation": {"resamples": 20},
    },
}
"""Sizes that run in a second; lists can only be set in a file."""


def write_config(path: Path, **options: Any) -> str:
    """Write a file for ``--config`` and give back its name."""
    path.write_text(yaml.safe_dump({"run": options}))
    return str(path)


def write_log(
    folder: Path, *, text_ids: bool = True, optional_columns: bool = True
) -> Path:
    """Write a small interaction log.

    Args:
        folder: Receives ``interactions.parquet`` and ``items.parquet``.
        text_ids: Ids as text instead of numbers.
        optional_columns: Tags, likes, views and image vectors too.
    """
    rng = np.random.default_rng(7)
    n_users, n_items, n_events = 50, 60, 1200
    items = rng.permutation(n_items) * 3 + 1000
    users = rng.permutation(n_users) + 500
    chosen_items = items[(rng.random(n_events) ** 2 * n_items).astype(int)]
    chosen_users = users[rng.integers(0, n_users, n_events)]
    words = np.array(["red", "blue", "small", "wooden", "train", "puzzle", "robot"])
    titles = [" ".join(rng.choice(words, 3)) for _ in items]
    titles[4] = ""

    def ids(numbers: np.ndarray, prefix: str) -> pa.Array:
        if text_ids:
            return pa.array([f"{prefix}-{number}" for number in numbers])
        return pa.array(numbers)

    columns: dict[str, Any] = {"item_id": ids(items, "toy"), "title": titles}
    if optional_columns:
        columns["tags"] = [list(rng.choice(words, i % 3)) for i in range(n_items)]
        columns["likes"] = rng.integers(0, 100, n_items)
        columns["views"] = rng.integers(0, 1000, n_items)
        columns["image_vector"] = rng.normal(size=(n_items, 6)).tolist()
    folder.mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / "items.parquet")
    pq.write_table(
        pa.table(
            {
                "user_id": ids(chosen_users, "user"),
                "item_id": ids(chosen_items, "toy"),
                "timestamp": rng.integers(0, 200 * 86_400, n_events),
            }
        ),
        folder / "interactions.parquet",
    )
    return folder
