"""A folder says itself whether it is whole."""

import json

import numpy as np
import pyarrow as pa
import pytest

from mmctr.runtime.sealed_folder import MANIFEST, check_sealed, write_sealed

FILES = {
    "facts.json": {"a": [1, None]},
    "deep/array.npy": np.arange(3),
    "table.parquet": pa.table({"x": [1, 2]}),
    "card.md": "# Card",
}


@pytest.fixture
def sealed(tmp_path):
    """A folder of files of every kind but tensors."""
    write_sealed(tmp_path, FILES)
    return tmp_path


def test_a_whole_folder_names_its_files(sealed):
    assert check_sealed(sealed) == list(FILES)
    assert np.load(sealed / "deep/array.npy").tolist() == [0, 1, 2]
    assert json.loads((sealed / "facts.json").read_text()) == FILES["facts.json"]


def test_a_changed_a_missing_and_a_foreign_file_are_named(sealed):
    (sealed / "card.md").write_text("# card")
    with pytest.raises(ValueError, match="card.md is damaged"):
        check_sealed(sealed)
    (sealed / "card.md").unlink()
    with pytest.raises(ValueError, match="card.md is missing"):
        check_sealed(sealed)
    (sealed / "card.md").write_text("# Card")
    (sealed / "deep/other").touch()
    with pytest.raises(ValueError, match="deep/other does not belong"):
        check_sealed(sealed)


def test_a_link_is_not_followed(sealed, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "card.md"
    (sealed / "card.md").rename(elsewhere)
    (sealed / "card.md").symlink_to(elsewhere)
    with pytest.raises(ValueError, match="card.md is missing"):
        check_sealed(sealed)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"sha256": 3}', '{"sha256": {"../x": "0"}}']
)
def test_a_damaged_manifest_is_named(sealed, text):
    (sealed / MANIFEST).write_text(text)
    with pytest.raises(ValueError, match=f"{MANIFEST} is damaged"):
        check_sealed(sealed)


def test_numbers_that_json_lacks_and_unknown_kinds_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_sealed(tmp_path, {"a.json": float("nan")})
    with pytest.raises(ValueError, match="a.pkl"):
        write_sealed(tmp_path, {"a.pkl": 1})
