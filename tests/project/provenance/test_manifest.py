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


def test_codes_are_those_of_both_modalities():
    one, other = Manifest(), Manifest()
    one.record({"title_codes": "1", "image_codes": "2"}, entry())
    other.record({"title_codes": "1"}, entry())
    assert one.outputs["codes"] != other.outputs["codes"]
    other.record({"image_codes": "2"}, entry())
    assert one.outputs["codes"] == other.outputs["codes"]


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
