"""Histories of the challenge are read a part at a time."""

import pytest
from challenge_folders import HISTORIES, assert_named, load
from raw_files import (
    write_challenge,
)

from mmctr.data.columns import id_list_column
from mmctr.data.datasets import raw_file


def test_padded_histories_are_read_a_part_at_a_time(monkeypatch, tmp_path):
    """Millions of them are gigabytes, most of them padding."""
    monkeypatch.setattr(raw_file, "_ROWS", 2)
    sizes = []

    def spy(table, *arguments, **options):
        sizes.append(table.num_rows)
        return id_list_column(table, *arguments, **options)

    monkeypatch.setattr(raw_file, "id_list_column", spy)
    source = load(write_challenge(tmp_path))
    assert sizes == [2, 1] * 3
    for rows in (source.train, source.valid, source.test):
        assert rows["item_seq"].to_pylist() == HISTORIES


@pytest.mark.parametrize(
    ("histories", "message"),
    [
        ([[0, 1], [0, 2], [3, 0]], "rows [2]"),
        ([[0, 1], [0, 2], [0, 0, 3]], "length 2, but rows [2] have [3]"),
        ([[0, 1], [0, 2], None], "empty in rows [2]"),
    ],
)
def test_an_error_in_a_later_part_names_rows_of_the_file(
    monkeypatch, tmp_path, histories, message
):
    monkeypatch.setattr(raw_file, "_ROWS", 1)
    assert_named(tmp_path, {"valid": {"item_seq": histories}}, "valid", message)
