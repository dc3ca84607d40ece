"""Settings that cannot work are refused where they are given."""

import pytest
from pydantic import ValidationError

from mmctr.data.sample.params import SampleParams


def test_defaults_are_the_base_sizes():
    params = SampleParams(name="sample", seed=1)
    assert (params.n_items, params.n_cold_items) == (4000, 480)
    assert (params.text_width, params.image_width) == (768, 1024)


def test_a_number_is_a_name():
    assert SampleParams(name=7, seed=1).name == "7"


@pytest.mark.parametrize("name", ["", "..", "a/b", "/tmp", " "])
def test_a_name_that_leaves_its_folder_is_refused(name):
    with pytest.raises(ValidationError, match="name"):
        SampleParams(name=name, seed=1)


def test_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="n_item"):
        SampleParams(name="s", seed=1, n_item=100)


def test_a_history_must_leave_items_to_draw():
    with pytest.raises(ValidationError, match="raise n_items or lower max_history"):
        SampleParams(name="s", seed=1, n_items=110)
    assert SampleParams(name="s", seed=1, n_items=110, max_history=20).n_items == 110
