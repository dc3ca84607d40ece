"""The record of artifacts, and its file."""

import pytest

from mmctr.project.provenance.manifest import Manifest


def entry(**parameters: object) -> dict:
    return {"node": "n", "parameters": parameters, "inputs": {}}


def test_what_a_node_made_takes_the_place_of_its_own_entries_alone():
    manifest = Manifest()
    manifest.record({"train": "1", "valid": "2"}, entry(seed=1))
    manifest.record({"valid": "3"}, entry(seed=2))
    assert manifest.outputs == {"train": "1", "valid": "3"}
    assert manifest.made["train"] == entry(seed=1)
    assert manifest.made["valid"] == entry(seed=2)


def test_files_of_a_folder_are_those_of_the_latest_save():
    manifest = Manifest()
    manifest.record({"codes": "1", "codes/a.npy": "2", "codes/b.npy": "3"}, entry())
    manifest.record({"codes": "4", "codes/a.npy": "5", "codes_too": "6"}, entry())
    manifest.record({"codes_too": "7"}, entry())
    assert manifest.outputs == {"codes": "4", "codes/a.npy": "5", "codes_too": "7"}
    assert manifest.made.keys() == {"codes", "codes_too"}


def test_it_is_read_as_it_is_written():
    manifest = Manifest(seed=3)
    manifest.record({"train": "1"}, entry(seed=1))
    assert Manifest.from_json(manifest.model_dump()) == manifest


@pytest.mark.parametrize(
    "content",
    [[], 3, {"outpts": {}}, {"outputs": []}, {"made": {"train": {}}}, {"made": [1]}],
)
def test_another_file_is_refused(content):
    with pytest.raises(ValueError, match="not as a run writes it"):
        Manifest.from_json(content)
