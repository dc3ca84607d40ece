"""Every way of damaging an artifact is told, and none does harm.

What a run relies on is the manifest's hash: any change is refused before any work. Who
reads a file without it (a notebook) gets the file's own error, or what the file still
holds; never a crash, another kind of error, or memory without end.
"""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from damage import damages
from kedro.io import DatasetError
from kedro.pipeline import Node

from mmctr.data.datasets import AtomicDataset
from mmctr.project.provenance import staleness
from mmctr.project.provenance.manifest import Manifest
from mmctr.project.provenance.staleness import Lineage
from mmctr.runtime.hashing import FileHashes, content_hash

Equal = Callable[[Any, Any], bool]

TABLE = pa.table(
    {
        "item_id": pa.array(range(60), pa.int64()),
        "item_seq": pa.array([[i, i + 1] for i in range(60)], pa.list_(pa.int32())),
        "title": [f"red train {i}" for i in range(60)],
    }
)
ARRAY = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
WEIGHTS = {"dnn.0.weight": torch.arange(30.0).reshape(5, 6), "bias": torch.ones(5)}
REPORT = {"auc": 0.71, "rows": 240, "parts": ["valid", "test"], "why": None}
SUBMISSION = pd.DataFrame({"ID": range(50), "Task1&2": np.linspace(0, 1, 50) ** 3})


def same_weights(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(one[name], other[name]) for name in one
    )


FORMATS: dict[str, tuple[Any, str, Any, Equal]] = {
    "parquet": (
        "mmctr.data.datasets.ArrowDataset",
        "a.parquet",
        TABLE,
        pa.Table.equals,
    ),
    "npy": ("mmctr.data.datasets.NpyDataset", "a.npy", ARRAY, np.array_equal),
    "safetensors": (
        {
            "type": "kedro_datasets_experimental.safetensors.SafetensorsDataset",
            "backend": "torch",
        },
        "a.safetensors",
        WEIGHTS,
        same_weights,
    ),
    "json": ("mmctr.data.datasets.JsonDataset", "a.json", REPORT, lambda a, b: a == b),
    "zip": (
        {"type": "mmctr.data.datasets.ZippedCsvDataset", "member": "prediction.csv"},
        "a.zip",
        SUBMISSION,
        pd.DataFrame.equals,
    ),
}


@contextmanager
def little_memory(extra: int = 4 << 30) -> Iterator[None]:
    """A forged length that asks for more than that fails, and is seen."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def make(*_: Any) -> Any:
    return None


@pytest.mark.parametrize("kind", FORMATS)
def test_damage_is_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(staleness, "relevant_parameters", lambda *_: {})
    dataset, name, data, equal = FORMATS[kind]
    path = tmp_path / name
    artifact = AtomicDataset(dataset=dataset, filepath=path.as_posix())
    artifact.save(data)
    assert equal(artifact.load(), data)
    whole = path.read_bytes()
    node = Node(make, "raw", "artifact", name="make_artifact")
    manifest = Manifest()
    manifest.record(
        {"artifact": content_hash(path)},
        {"node": node.name, "parameters": {}, "inputs": {}},
    )
    tried = told = 0
    for damage in damages(whole, seed=len(kind)):
        path.write_bytes(damage.content)
        tried += 1
        lineage = Lineage(
            {"artifact": node}, {"artifact": path}, {}, {}, manifest, FileHashes()
        )
        refused = any(cause.kind == "changed" for cause in lineage.causes("artifact"))
        try:
            with little_memory():
                loaded = artifact.load()
                is_equal = equal(loaded, data)
        except DatasetError as error:
            told += 1
            assert name in str(error), damage.how
            assert "kedro run --only-missing-outputs" in str(error), damage.how
            is_equal = False
        # Of a zip the hash is its content's: dates in it may differ.
        assert refused or is_equal, damage.how
    assert tried >= 200
    assert told > tried // 4


@pytest.mark.parametrize("text", ["NaN", "[1, Infinity]", '{"a": -Infinity}', "1e999"])
def test_json_with_what_is_no_number_is_named(tmp_path: Path, text: str):
    path = tmp_path / "a.json"
    path.write_text(text)
    report = AtomicDataset(
        dataset="mmctr.data.datasets.JsonDataset", filepath=path.as_posix()
    )
    with pytest.raises(DatasetError, match=r"a\.json is damaged.* holds") as error:
        report.load()
    assert "Failed while" not in str(error.value)


def test_what_is_not_finite_is_written_as_null_and_told(tmp_path: Path, caplog):
    path = tmp_path / "a.json"
    report = AtomicDataset(
        dataset="mmctr.data.datasets.JsonDataset", filepath=path.as_posix()
    )
    report.save({"auc": float("nan"), "curve": [(1, float("inf"))], "n": 3})
    assert report.load() == {"auc": None, "curve": [[1, None]], "n": 3}
    assert "auc, curve[0][1]" in caplog.text


def test_json_nested_without_end_is_named(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text("[" * 200_000)
    report = AtomicDataset(
        dataset="mmctr.data.datasets.JsonDataset", filepath=path.as_posix()
    )
    with pytest.raises(DatasetError, match=r"a\.json is damaged"):
        report.load()
