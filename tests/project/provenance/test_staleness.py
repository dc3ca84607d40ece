"""What no longer fits is found, and said where it begins."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from kedro.pipeline import Node

from mmctr.project.provenance import staleness
from mmctr.project.provenance.manifest import Manifest
from mmctr.project.provenance.staleness import Cause, Lineage, describe_causes
from mmctr.runtime.hashing import FileHashes, content_hash


def identity(*values: Any) -> Any:
    return values


@pytest.fixture
def lineage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lineage:
    """``raw -> table -> codes -> model``, all made just now and fitting."""
    # The parameters are a flat tree here, and a node reads its own section.
    monkeypatch.setattr(
        staleness, "relevant_parameters", lambda node, _, tree: tree.get(node, {})
    )
    nodes = [
        Node(identity, "raw", "table", name="prepare"),
        Node(identity, ["table", "params:q"], "codes", name="quantize"),
        Node(identity, ["table", "codes"], "model", name="train"),
    ]
    paths = {x: tmp_path / f"{x}.bin" for x in ("table", "codes", "model")}
    for name, path in paths.items():
        path.write_text(name)
    (tmp_path / "raw.bin").write_text("raw")
    made = Lineage(
        producers={node.outputs[0]: node for node in nodes},
        paths=paths,
        sources={"raw": {"raw.bin": tmp_path / "raw.bin"}},
        parameters={"quantize": {"q.method": "rq"}, "train": {"m.width": 4}},
        manifest=Manifest(),
        hashes=FileHashes(),
    )
    for node in nodes:
        (name,) = node.outputs
        made.manifest.record(
            {name: content_hash(paths[name])},
            {
                "node": node.name,
                "parameters": made.parameters_of(node),
                "inputs": made.inputs_of(node),
            },
        )
    return made


def looked_at_anew(lineage: Lineage, **changes: Any) -> Lineage:
    return dataclasses.replace(lineage, _found={}, **changes)


def test_what_fits_has_no_causes(lineage):
    assert [lineage.causes(x) for x in ("table", "codes", "model")] == [(), (), ()]


def test_another_version_of_a_remote_file_is_a_cause(lineage):
    address = "s3://bucket/log/items.parquet"
    entry = lineage.manifest.made["table"]
    entry["inputs"]["raw"][address] = "10 one"
    fits = looked_at_anew(lineage, remote={"raw": {address: "10 one"}})
    assert fits.causes("table") == ()
    (cause,) = looked_at_anew(lineage, remote={"raw": {address: "10 two"}}).causes(
        "table"
    )
    assert address in cause.reason


def test_another_parameter_goes_down_to_all_that_is_made_from_it(lineage):
    parameters = {**lineage.parameters, "quantize": {"q.method": "pq"}}
    lineage = looked_at_anew(lineage, parameters=parameters)
    reason = "made with q.method=rq, asked now: q.method=pq"
    assert lineage.causes("table") == ()
    assert lineage.causes("codes") == (Cause("codes", reason),)
    assert lineage.causes("model") == (Cause("codes", reason),)


def test_a_parameter_of_another_version_of_the_code_is_none_of_the_causes(lineage):
    parameters = {**lineage.parameters, "train": {"m.width": 4, "m.depth": 2}}
    assert looked_at_anew(lineage, parameters=parameters).causes("model") == ()


@pytest.mark.parametrize("name", ["table", "codes"])
def test_a_file_changed_by_hand_is_named_once(lineage, name):
    lineage.paths[name].write_text("by hand")
    (cause,) = looked_at_anew(lineage).causes("model")
    assert (cause.artifact, cause.kind) == (name, "changed")
    assert lineage.paths[name].name in cause.reason


def test_a_changed_raw_file_is_named_with_both_hashes(lineage, tmp_path):
    was = content_hash(tmp_path / "raw.bin")
    (tmp_path / "raw.bin").write_text("other clicks")
    (cause,) = looked_at_anew(lineage).causes("model")
    assert cause.artifact == "table"
    assert "raw.bin" in cause.reason
    assert was[:12] in cause.reason
    assert content_hash(tmp_path / "raw.bin")[:12] in cause.reason


def test_what_was_made_again_from_other_inputs_does_not_fit_what_was_not(lineage):
    """Quantised again with other parameters, but not trained again."""
    parameters = {**lineage.parameters, "quantize": {"q.method": "pq"}}
    lineage.paths["codes"].write_text("codes of pq")
    again = looked_at_anew(lineage, parameters=parameters)
    again.manifest.record(
        {"codes": content_hash(lineage.paths["codes"])},
        {
            **again.manifest.made["codes"],
            "parameters": {"q.method": "pq"},
        },
    )
    assert again.causes("codes") == ()
    (cause,) = again.causes("model")
    assert cause.artifact == "model"
    assert "made from codes sha256" in cause.reason


@pytest.mark.parametrize("name", ["raw", "table", "codes"])
def test_a_file_that_was_deleted_is_judged_by_its_record(lineage, tmp_path, name):
    (tmp_path / f"{name}.bin").unlink()
    assert looked_at_anew(lineage).causes("model") == ()


def test_without_a_record_nothing_is_known(lineage):
    lineage = looked_at_anew(lineage, manifest=Manifest())
    assert [x.kind for x in lineage.causes("model")] == ["unknown"]


def test_each_reason_has_its_line_with_all_that_it_concerns():
    reason = "made with a=1, asked now: a=2"
    causes = {
        Cause("codes", reason): ["codes", "item_table"],
        Cause("codebook", reason): ["item_table"],
        Cause("train", "other"): ["train"],
    }
    assert describe_causes(causes) == (
        f"- codebook, codes: {reason} (made from it: item_table)\n- train: other"
    )
