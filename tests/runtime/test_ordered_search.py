"""A search in blocks finds what numpy's finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.runtime import ordered_search as module
from mmctr.runtime.ordered_search import find_places

NUMBERS = st.lists(st.integers(-5, 5), max_size=30)


@given(NUMBERS, NUMBERS, st.sampled_from(["left", "right"]))
def test_places_are_numpys(ordered, values, side):
    ordered, values = np.sort(np.array(ordered, int)), np.array(values, int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", 4)
        found = find_places(ordered, values, side)
    np.testing.assert_array_equal(found, np.searchsorted(ordered, values, side))
