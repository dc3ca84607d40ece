"""``doctor`` of a bundle says what it holds, or what is wrong with it."""

import json
import os
import shutil
from pathlib import Path

import pytest
from road_runs import road_project
from served_runs import bundle_of

from mmctr.project.doctor.bundle import examine_bundle
from mmctr.project.doctor.findings import Level, describe_findings
from mmctr.runtime.hashing import content_hash
from mmctr.runtime.sealed_folder import MANIFEST
from mmctr.serving.facts import FORMAT


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """The bundle of the tiny sample, one's own."""
    bundle = bundle_of(road_project(tmp_path_factory)[0], "test")
    return Path(shutil.copytree(bundle, tmp_path / "bundle"))


def change_facts(path: Path, **changes) -> None:
    """Write other facts, and a manifest that fits them."""
    facts = path / "bundle.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), **changes}))
    manifest = json.loads((path / MANIFEST).read_text())
    manifest["sha256"]["bundle.json"] = content_hash(facts)
    (path / MANIFEST).write_text(json.dumps(manifest))


def test_all_is_well_and_nothing_is_touched(path):
    before = {x: x.stat().st_mtime_ns for x in path.rglob("*")}
    findings = examine_bundle(path)
    assert {each.level for each in findings} == {Level.OK}
    text = " ".join(describe_findings(findings).split())
    for words in (
        "with the hashes of the manifest",
        "20 of its own have their scores",
        "ok items 200",
        "title (",
        "0 errors, 0 warnings",
    ):
        assert words in text
    assert {x: x.stat().st_mtime_ns for x in path.rglob("*")} == before


def test_a_damaged_file_is_named_with_the_remedy(path):
    os.truncate(path / "item_table.parquet", 100)
    (finding,) = examine_bundle(path)
    assert finding.level is Level.ERROR
    assert "item_table.parquet is damaged" in finding.text
    assert "kedro run --pipeline bundle" in finding.remedy


def test_other_versions_are_a_warning_and_another_format_an_error(path):
    change_facts(path, versions={"torch": "1.0", "nonesuch": "2"})
    warning = next(x for x in examine_bundle(path) if x.level is Level.WARNING)
    assert "torch 1.0 made it, here is" in warning.text
    assert "nonesuch 2 made it, here is none" in warning.text
    change_facts(path, format=FORMAT, fields={"user_id": True, "nonesuch": 1})
    error = next(x for x in examine_bundle(path) if x.level is Level.ERROR)
    assert "was made by another state of the code (mmctr None, commit" in error.text
    assert "fields.nonesuch: Extra inputs are not permitted" in error.text
    change_facts(path, format=99)
    error = next(x for x in examine_bundle(path) if x.level is Level.ERROR)
    assert "has format 99" in error.text


def test_no_bundle_is_an_error(tmp_path):
    (finding,) = examine_bundle(tmp_path)
    assert "manifest.json is missing" in finding.text
