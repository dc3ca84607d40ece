"""What a run writes down, and when."""

import json
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node

from mmctr.data.datasets import AtomicDataset
from mmctr.project.provenance import staleness
from mmctr.project.provenance.run_record import RunRecord, read_manifest
from mmctr.project.provenance.staleness import Lineage
from mmctr.runtime.hashing import FileHashes, content_hash

MANIFEST = "manifest"


def split(rows: Any) -> Any:
    return rows


NODE = Node(split, "raw", ["train", "valid"], name="split")


@pytest.fixture
def catalog(tmp_path: Path) -> DataCatalog:
    path = (tmp_path / "manifest.json").as_posix()
    return DataCatalog(
        {MANIFEST: AtomicDataset(dataset="json.JSONDataset", filepath=path)}
    )


@pytest.fixture
def record(tmp_path, catalog, monkeypatch) -> RunRecord:
    """A run of one node, ``raw -> train, valid``, that has not begun."""
    monkeypatch.setattr(staleness, "relevant_parameters", lambda *_: {"split.share": 1})
    (tmp_path / "raw.bin").write_text("raw")
    lineage = Lineage(
        producers=dict.fromkeys(NODE.outputs, NODE),
        paths={name: tmp_path / f"{name}.bin" for name in NODE.outputs},
        sources={"raw": {"raw.bin": tmp_path / "raw.bin"}},
        parameters={"seed": 3},
        manifest=read_manifest(MANIFEST, catalog),
        hashes=FileHashes(),
    )
    return RunRecord(MANIFEST, catalog, tmp_path, lineage, {"commit": "abc"})


def save(record: RunRecord, name: str) -> None:
    """What Kedro does for an output."""
    record.lineage.paths[name].write_text(name)
    record.note_output(NODE, name)


def test_a_node_is_written_down_with_its_last_output(record, tmp_path):
    record.begin(NODE)
    save(record, "train")
    assert not (tmp_path / "manifest.json").exists()
    save(record, "valid")
    content = json.loads((tmp_path / "manifest.json").read_text())
    raw = content_hash(tmp_path / "raw.bin")
    assert content["outputs"] == {
        name: content_hash(tmp_path / f"{name}.bin") for name in ("train", "valid")
    }
    assert content["inputs"] == {"raw.bin": raw}
    assert content["seed"] == 3
    entry = content["made"]["train"]
    assert (entry["node"], entry["commit"]) == ("split", "abc")
    assert entry["parameters"] == {"split.share": 1}
    assert "computation" not in entry
    assert entry["inputs"] == {"raw": {"raw.bin": raw}}
    assert record.lineage.causes("train") == ()


def test_a_raw_file_that_changes_while_it_is_worked_on_makes_stale(record, tmp_path):
    record.begin(NODE)
    (tmp_path / "raw.bin").write_text("changed")
    save(record, "train")
    save(record, "valid")
    (cause,) = record.lineage.causes("valid")
    assert "made from raw raw.bin" in cause.reason


def test_entries_of_another_process_stay(record, catalog):
    record.begin(NODE)
    other = read_manifest(MANIFEST, catalog)
    other.record({"trials": "1"}, {"node": "tune", "parameters": {}, "inputs": {}})
    catalog[MANIFEST].save(other.model_dump())
    save(record, "train")
    save(record, "valid")
    assert set(read_manifest(MANIFEST, catalog).made) == {"trials", "train", "valid"}


@pytest.mark.parametrize("content", ['{"outputs": {', "[]", '{"made": {"train": 1}}'])
def test_a_damaged_manifest_is_named_and_begun_anew(
    record, catalog, tmp_path, caplog, content
):
    (tmp_path / "manifest.json").write_text(content)
    assert read_manifest(MANIFEST, catalog).made == {}
    assert "manifest.json can't be read" in caplog.text
    record.begin(NODE)
    save(record, "train")
    save(record, "valid")
    assert set(read_manifest(MANIFEST, catalog).made) == {"train", "valid"}


def test_what_was_trained_has_threads_and_kernels(record, catalog):
    node = Node(split, "raw", ["train", "valid"], name="train_model")
    record.begin(node)
    for name in node.outputs:
        record.lineage.paths[name].write_text(name)
        record.note_output(node, name)
    made = read_manifest(MANIFEST, catalog).made
    assert made["train"]["computation"]["library"].startswith("torch 2")
