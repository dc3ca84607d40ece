"""A small challenge folder, changed and read."""

import pytest
from kedro.io.core import DatasetError
from raw_files import (
    write_challenge,
)

from mmctr.data.datasets import ChallengeFiles

HISTORIES = [[1, 2], [3], [4, 3, 2, 1]]


def load(folder, **options):
    return ChallengeFiles(path=str(folder), **options).load()


def assert_named(folder, changes, *fragments):
    """Loading fails with one error that holds every fragment."""
    write_challenge(folder, changes)
    with pytest.raises(DatasetError) as error:
        load(folder)
    assert isinstance(error.value.__cause__, ValueError)
    for fragment in fragments:
        assert fragment in str(error.value)
